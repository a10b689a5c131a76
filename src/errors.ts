import { inspect } from "node:util";

/** What went wrong, as a literal that programs can branch on. */
export type ErrorCode =
  | "INVALID_OPTION"
  | "ENGINE_UNREACHABLE"
  | "ENGINE_RESPONSE"
  | "CONTAINER_NOT_FOUND"
  | "LOGS_UNREADABLE"
  | "PROTOCOL"
  | "TASKS_STILL_RUNNING"
  | "ALREADY_CONSUMED"
  | "CLOSED"
  | "CHECKPOINT_UNREADABLE"
  | "CHECKPOINT_UNWRITABLE"
  | "SINK_FAILED";

/** Shared by the ESM and the CommonJS build, so that either recognises the other's errors. */
const brand = Symbol.for("dockspool.error");

export interface ErrorDetails {
  readonly container?: string | undefined;
  readonly transient?: boolean;
  readonly cause?: unknown;
}

/** Every error that this package throws, rejects with or reports. */
export class DockspoolError extends Error {
  override readonly name = "DockspoolError";
  readonly code: ErrorCode;
  /** The container it is about, as an id or as the caller named it. */
  readonly container: string | undefined;
  /** True where trying again may help: an engine that restarts, a connection that was cut. */
  readonly transient: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.container = details.container;
    this.transient = details.transient ?? false;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for errors of either build (ESM or CommonJS) of this package. */
  static is(error: unknown, code?: ErrorCode): error is DockspoolError {
    if (!(error instanceof Error) || !Object.hasOwn(error, brand)) return false;
    return code === undefined || ("code" in error && error.code === code);
  }
}

/** What was thrown, in words: it may be anything. */
export function messageOf(error: unknown): string {
  if (typeof error === "string") return error;
  return error instanceof Error ? error.message : inspect(error, { depth: 1 });
}

/** Refuses an option: which one, what was given, what is allowed. */
export function invalidOption(option: string, given: unknown, allowed: string): DockspoolError {
  return new DockspoolError(
    "INVALID_OPTION",
    `Option "${option}" was given ${show(given)}; allowed: ${allowed}.`,
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (value instanceof Date && Number.isNaN(value.getTime())) return "an invalid Date";
  if (typeof value !== "object" || value === null) return String(value);
  try {
    const json = JSON.stringify(value);
    return json.length > 200 ? `${json.slice(0, 200)}…` : json;
  } catch {
    return Object.prototype.toString.call(value);
  }
}
