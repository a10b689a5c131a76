import { invalidOption } from "./errors.ts";

/** The longest delay that Node's timers take. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

export function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean") throw invalidOption(name, value, "true or false");
}

export function checkNumber(
  name: string,
  value: unknown,
  min: number,
  max: number,
  unit: string,
): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max)
    return;
  throw invalidOption(name, value, `a whole number of ${unit}, from ${min} to ${max}`);
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw invalidOption(name, value, "a function");
}

export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidOption("signal", signal, "an AbortSignal");
  }
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

/** An object with no other keys than these. */
export function checkKeys(name: string, value: unknown, known: readonly string[]): void {
  if (!isObject(value)) throw invalidOption(name, value, "an object");
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw invalidOption(name === "options" ? key : `${name}.${key}`, "a value", known.join(", "));
  }
}

export function checkContainer(container: unknown): void {
  if (typeof container === "string" && container !== "") return;
  throw invalidOption("container", container, "a container's id, unambiguous id prefix, or name");
}
