import { types } from "node:util";
import { DockspoolError, invalidOption } from "./errors.ts";
import { printable } from "./printable.ts";

/** The longest delay that Node's timers take. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

export function checkBoolean(place: string, value: unknown): void {
  if (typeof value !== "boolean") throw invalidOption(place, value, "true or false");
}

export function checkNumber(
  place: string,
  value: unknown,
  min: number,
  max: number,
  unit: string,
): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max)
    return;
  throw invalidOption(place, value, `a whole number of ${unit}, from ${min} to ${max}`);
}

/** One that is not given makes way for the other. */
export function checkDelays(
  place: string,
  given: { readonly minDelayMs?: number; readonly maxDelayMs?: number },
  defaults: { readonly minDelayMs: number; readonly maxDelayMs: number },
): { minDelayMs: number; maxDelayMs: number } {
  const longest: unknown = given.maxDelayMs;
  if (longest !== undefined)
    checkNumber(`${place}.maxDelayMs`, longest, 0, MAX_TIMER_MS, "milliseconds");
  const { minDelayMs = Math.min(defaults.minDelayMs, given.maxDelayMs ?? Infinity) } = given;
  checkNumber(`${place}.minDelayMs`, minDelayMs, 0, MAX_TIMER_MS, "milliseconds");
  const { maxDelayMs = Math.max(defaults.maxDelayMs, minDelayMs) } = given;
  checkNumber(`${place}.maxDelayMs`, maxDelayMs, minDelayMs, MAX_TIMER_MS, "milliseconds");
  return { minDelayMs, maxDelayMs };
}

export function checkFunction(place: string, value: unknown): void {
  if (typeof value !== "function") throw invalidOption(place, value, "a function");
}

/** A text that is not empty. */
export function checkText(place: string, value: unknown): void {
  if (typeof value !== "string" || value === "")
    throw invalidOption(place, value, "a string that is not empty");
}

/** Known by what it has: one of another realm, such as a test runner's, is as good. */
export function checkSignal(signal: unknown): void {
  const has = (method: string): boolean => isObject(signal) && typeof signal[method] === "function";
  const isSignal =
    isObject(signal) &&
    typeof signal["aborted"] === "boolean" &&
    "reason" in signal &&
    has("addEventListener") &&
    has("removeEventListener");
  if (signal !== undefined && !isSignal) throw invalidOption("signal", signal, "an AbortSignal");
}

/** An expression of our own, also of one of another realm; undefined where it is none. */
export function ownRegExp(expression: unknown, without: RegExp | "" = ""): RegExp | undefined {
  if (!types.isRegExp(expression)) return undefined;
  const flags = expression.flags.replace(without, "");
  return new RegExp(expression.source, flags);
}

export function withoutUndefined<T extends object>(options: T): T {
  const copy = { ...options };
  for (const name of Object.keys(copy)) {
    if (Reflect.get(copy, name) === undefined) Reflect.deleteProperty(copy, name);
  }
  return copy;
}

/** Neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What options stand in: an object, or what a module exports. Not a Promise, a Map or a Date: none of these has options, so all would be
 * the default ones.
 */
export function isOptions(value: unknown): value is Record<string, unknown> {
  return isObject(value) && HOLDS_OPTIONS.has(Object.prototype.toString.call(value));
}

const HOLDS_OPTIONS: ReadonlySet<string> = new Set(["[object Object]", "[object Module]"]);

/**
 * An object with no other keys than these. `place`: where it stands; "" for the options themselves. `elsewhere`: where names stand
 * that are mistaken for one of these.
 */
export function checkKeys(
  place: string,
  value: unknown,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (!isOptions(value))
    throw invalidOption(
      place === "" ? "options" : place,
      value,
      `an object with any of ${known.join(", ")}`,
    );
  for (const key of Object.keys(value))
    if (!known.includes(key)) throw unknownOption(place, key, known, elsewhere);
}

/** Known by what it can do: one of another copy of its package is as good. */
export function checkMethods(
  place: string,
  value: unknown,
  methods: readonly string[],
  allowed: string,
): void {
  const has = (method: string): boolean => isObject(value) && typeof value[method] === "function";
  if (!methods.every(has)) throw invalidOption(place, value, allowed);
}

/** An option's full name: where it stands, and its own. */
export function within(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}

function unknownOption(
  place: string,
  key: string,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>>,
): DockspoolError {
  const near = nearest(key, known);
  const here = near === undefined ? undefined : within(place, near);
  const meant = Object.hasOwn(elsewhere, key) ? elsewhere[key] : here;
  const question = meant === undefined ? "." : `; did you mean "${meant}"?`;
  return new DockspoolError(
    "INVALID_OPTION",
    `Unknown option "${printable(within(place, key), MAX_PLACE)}"${question} Known: ${known.join(", ")}.`,
  );
}

const MAX_PLACE = 200;

/** Of the known names the one that was probably meant: a slip of the keys, or a part of it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  if (given.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    const isPart =
      given.length >= 4 &&
      other.length >= 4 &&
      (other.startsWith(given) || given.startsWith(other));
    const distance = isPart ? 1 : slips(given, other);
    const allowed = Math.max(1, Math.floor(Math.max(given.length, other.length) / 3));
    if (distance > allowed || distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** Letters added, left out, changed or swapped with their neighbour (optimal string alignment). */
function slips(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min(
        at(above, j) + 1,
        at(row, j - 1) + 1,
        at(above, j - 1) + (isSame ? 0 : 1),
      );
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) least = Math.min(least, at(before, j - 2) + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return at(above, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}

export function checkContainer(container: unknown): void {
  if (typeof container === "string" && container !== "") return;
  throw invalidOption("container", container, "a container's id, unambiguous id prefix, or name");
}
