import { types } from "node:util";
import { printable, show } from "./printable.ts";

/** What went wrong, as a literal that programs can branch on. */
export type ErrorCode =
  /** An option, or an argument, has a value that is not allowed, or is unknown. */
  | "INVALID_OPTION"
  /** No answer: no connection, or none in time. */
  | "ENGINE_UNREACHABLE"
  /** An answer that is none of an engine's, or an HTTP status that has no code of its own here. */
  | "ENGINE_RESPONSE"
  /** The engine has no such container, or several that the given text could mean. */
  | "CONTAINER_NOT_FOUND"
  /** The log driver keeps nothing that can be read. */
  | "LOGS_UNREADABLE"
  /** The engine's log files can't be read here, with `read: "files"`. */
  | "FILES_UNREADABLE"
  /** Bytes that are no Docker log stream. */
  | "PROTOCOL"
  /** Tasks, or sinks, did not end in time; the message names them. */
  | "TASKS_STILL_RUNNING"
  /** A source or pool has one reader: a loop, or sinks. */
  | "ALREADY_CONSUMED"
  /** What was asked for has ended. */
  | "CLOSED"
  /** A saved position can't be read: nothing is read in its place. */
  | "CHECKPOINT_UNREADABLE"
  /** A position can't be saved; that is tried again. */
  | "CHECKPOINT_UNWRITABLE"
  /** A sink, and its dead letter, gave up. */
  | "SINK_FAILED";

/** Shared by the ESM and the CommonJS build, so that either recognises the other's errors. */
const brand = Symbol.for("dockspool.error");

/** An error names what it is about; what an engine sends without end is none. */
const MAX_MESSAGE = 4_000;

/** A text as a sentence, so that another may follow it. */
export function asSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

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
  /** Where the package's docs tell the causes and cures of this code: "docs/errors.md#invalid_option". */
  readonly help: string;

  /** `message` is kept to one printable line. */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(
      printable(message, MAX_MESSAGE),
      "cause" in details ? { cause: details.cause } : undefined,
    );
    this.code = code;
    this.container = details.container;
    this.transient = details.transient ?? false;
    this.help = `docs/errors.md#${code.toLowerCase()}`;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for errors of either build (ESM or CommonJS) of this package, and of another realm's. */
  static is(error: unknown, code?: ErrorCode): error is DockspoolError {
    // A proxy of one is none: what it says may change, or throw.
    if (!types.isNativeError(error) || !Object.hasOwn(error, brand)) return false;
    return code === undefined || fieldOf(error, "code") === code;
  }

  /** What `JSON.stringify` shows: of the cause, its message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, container, transient, cause } = this;
    return {
      name,
      code,
      message,
      ...(container === undefined ? {} : { container }),
      transient,
      ...(cause === undefined ? {} : { cause: messageOf(cause) }),
    };
  }
}

/** Also one of another realm, such as a test runner's, or a DOMException. */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  try {
    return value instanceof Error;
  } catch {
    // A proxy of the caller's.
    return false;
  }
}

/** A field of what was thrown, which may be anything, and may throw where it is looked at; undefined then, too. */
export function fieldOf(thrown: unknown, name: string): unknown {
  try {
    return typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, name) : undefined;
  } catch {
    return undefined;
  }
}

/** An error's code, such as "ECONNREFUSED"; "" where it has none. */
export function codeOf(error: unknown): string {
  const code = isError(error) ? fieldOf(error, "code") : undefined;
  return typeof code === "string" || typeof code === "number" ? String(code) : "";
}

/** What was thrown, in printable words: it may be anything. */
export function messageOf(error: unknown): string {
  const message = isError(error) ? fieldOf(error, "message") : error;
  if (typeof message === "string" && message !== "") return printable(message);
  // Where several addresses were tried, there is a code only.
  return codeOf(error) || show(error);
}

/** Refuses an option: its place, what was given, what is allowed. */
export function invalidOption(option: string, given: unknown, allowed: string): DockspoolError {
  return new DockspoolError(
    "INVALID_OPTION",
    `Option "${printable(option, MAX_PLACE)}" was given ${show(given)}; allowed: ${allowed}.`,
  );
}

const MAX_PLACE = 200;
