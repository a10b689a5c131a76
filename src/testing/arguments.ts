import { types } from "node:util";
import {
  MAX_TIMER_MS,
  checkBoolean,
  checkKeys,
  checkNumber,
  checkText,
  isOptions,
  within,
} from "../checks.ts";
import { invalidOption } from "../errors.ts";
import type {
  FakeContainerSpec,
  FakeEngineOptions,
  FakeEvent,
  FakeStop,
  FakeWriteOptions,
  Fault,
} from "./types.ts";

/** All of them throw DockspoolError INVALID_OPTION: a test with a slip in it is to fail there, and not to pass for another reason. */
type Check = (place: string, value: unknown) => void;

const oneOf =
  (...allowed: readonly string[]): Check =>
  (place, value) => {
    if (typeof value === "string" && allowed.includes(value)) return;
    throw invalidOption(place, value, allowed.map((each) => JSON.stringify(each)).join(", "));
  };

const isTexts = (values: readonly unknown[]): boolean =>
  values.every((value) => typeof value === "string");

const texts: Check = (place, value) => {
  if (!isOptions(value) || !isTexts(Object.values(value)))
    throw invalidOption(place, value, "an object of strings");
};

const textList: Check = (place, value) => {
  if (!Array.isArray(value) || !isTexts(value))
    throw invalidOption(place, value, "a list of strings");
};

const wholeNumber =
  (unit: string, min = 0, max: number = Number.MAX_SAFE_INTEGER): Check =>
  (place, value) => {
    checkNumber(place, value, min, max, unit);
  };

/** Dates reach so far. */
const MAX_CLOCK_MS = 1e14;

export const checkClock: Check = (place, value) => {
  if (typeof value === "number" && Math.abs(value) <= MAX_CLOCK_MS) return;
  throw invalidOption(place, value, `milliseconds from -${MAX_CLOCK_MS} to ${MAX_CLOCK_MS}`);
};

const health: Check = oneOf("starting", "healthy", "unhealthy");

const engineOptions = {
  since: oneOf("per-line", "first-match", "exclusive"),
  timestamps: oneOf("ns", "s", "offset"),
  flavour: oneOf("docker", "podman"),
  podmanQuirks: checkBoolean,
  clockAheadMs: checkClock,
  port: wholeNumber("a TCP port", 0, 65_535),
} as const satisfies Record<keyof FakeEngineOptions, Check>;

const spec = {
  name: checkText,
  image: checkText,
  labels: texts,
  tty: checkBoolean,
  logDriver: checkText,
  maxLogSize: checkText,
  started: checkBoolean,
  imageId: checkText,
  env: textList,
  networks: texts,
  health,
  attributes: texts,
} as const satisfies Record<keyof FakeContainerSpec, Check>;

/** What a timestamp has to be is said by who reads it. */
const writeOptions = {
  stream: oneOf("stdout", "stderr"),
  timestamp: () => {},
  partial: checkBoolean,
} as const satisfies Record<keyof FakeWriteOptions, Check>;

const stop = {
  exitCode: wholeNumber("an exit code", 0, 255),
  oomKilled: checkBoolean,
} as const satisfies Record<keyof FakeStop, Check>;

const event = {
  type: checkText,
  action: checkText,
  id: checkText,
  attributes: texts,
} as const satisfies Record<keyof FakeEvent, Check>;

const faults: Readonly<Record<string, Check>> = {
  status: wholeNumber("an HTTP status", 100, 999),
  message: (place, value) => {
    if (typeof value !== "string") throw invalidOption(place, value, "a string");
  },
  delayMs: wholeNumber("milliseconds", 0, MAX_TIMER_MS),
  withholdHeaders: (place, value) => {
    if (value !== true) throw invalidOption(place, value, "true");
  },
  redirect: checkText,
  cutAfterBytes: wholeNumber("bytes"),
  endEarly: wholeNumber("frames"),
};

function checkAll(place: string, given: object, checks: Readonly<Record<string, Check>>): void {
  checkKeys(place, given, Object.keys(checks));
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) checks[name]?.(within(place, name), value);
}

export function checkEngineOptions(options: FakeEngineOptions): void {
  checkAll("", options, engineOptions);
}

export function checkSpec(given: FakeContainerSpec): void {
  checkAll("", given, spec);
  checkText("name", given.name);
}

export function checkLine(line: unknown, options: FakeWriteOptions): void {
  if (typeof line !== "string") throw invalidOption("line", line, "a string");
  checkAll("", options, writeOptions);
}

export function checkStop(how: FakeStop): void {
  checkAll("", how, stop);
}

export function checkEvent(given: FakeEvent): void {
  checkAll("", given, event);
  for (const name of ["type", "action", "id"] as const) checkText(name, given[name]);
}

export const checkHealth = (value: unknown): void => health("health", value);

export const checkName = (name: unknown): void => checkText("name", name);

export function checkBytes(bytes: unknown): void {
  if (!types.isUint8Array(bytes)) throw invalidOption("bytes", bytes, "a Uint8Array");
}

export const checkKept = (lines: unknown): void => wholeNumber("lines")("keepLines", lines);

/** What the caller's function gave. */
export function checkFault(fault: Fault | undefined): void {
  if (fault === undefined) return;
  checkAll("fault", fault, faults);
  const given = Object.entries(fault).filter(([, value]) => value !== undefined);
  if (given.every(([name]) => name === "message"))
    throw invalidOption("fault", fault, `one of ${Object.keys(faults).join(", ")}`);
}
