import type { CheckpointStore } from "../checkpoint/store.ts";
import { checkDetails } from "../engine/details.ts";
import type { DetailsOptions } from "../engine/details.ts";
import { ownEngine, validateEngine } from "../engine/engine-options.ts";
import type { Engine } from "../engine/engine-options.ts";
import { invalidOption } from "../errors.ts";
import type { BackoffOptions } from "../lifetime/backoff.ts";
import { parseCursor } from "../resume/cursor.ts";
import type { Cursor } from "../resume/cursor.ts";
import type { ResolvedMultiline } from "../lines/multiline.ts";
import { checkFiles, checkRead } from "./read-options.ts";
import type { FilesOptions, ReadFrom } from "./read-options.ts";
import { ownFrom, sinceTimestamp } from "../stream/from.ts";
import type { From } from "../stream/from.ts";
import {
  MAX_TIMER_MS,
  checkBoolean,
  checkDelays,
  checkKeys,
  checkNumber,
  checkSignal,
  checkText,
  isObject,
  ownRegExp,
  within,
  withoutUndefined,
} from "../checks.ts";

export interface SourceOptions {
  /** Default: DOCKER_HOST, else the usual sockets. */
  engine?: Engine;
  /** Default "start"; a saved checkpoint wins over it, `resume` over both. `tail` counts lines of `streams`. */
  from?: From;
  /** Another source's `cursor`: go on right after the last line it delivered. */
  resume?: Cursor;
  /** Default both; may differ from one run to the next. A terminal's lines are "tty" and always come. */
  streams?: readonly ("stdout" | "stderr")[];
  /** Default true; false: ends at the end of the log as it is now. */
  follow?: boolean;
  /** Default "utf8"; "latin1" keeps every byte: `Buffer.from(line, "latin1")`. */
  encoding?: "utf8" | "latin1";
  /** Default true: goes on when the container starts again. */
  followRestarts?: boolean;
  /** Default 1 MiB; a longer line is cut there and marked `truncated`. */
  maxLineBytes?: number;
  /** Default 1 MiB read ahead of the consumer, text and what holding it takes; then the socket is paused. */
  bufferBytes?: number;
  /**
   * Adds `details` to the container's info: image id, networks, Compose's and Swarm's names, and of its environment the variables
   * that `env` names. Default false. No other question is asked for it, but for one look more after each start of the container,
   * which gives it other addresses.
   */
  details?: boolean | DetailsOptions;
  /**
   * Records have `attributes`: what the container's log options `labels`, `env` and `tag` note with each line. Default false. Through
   * the API the engine is asked for them (`details=1`), which costs it and this process some time for each line. Docker alone has them,
   * with drivers that keep them: `json-file`, `journald`.
   */
  attributes?: boolean;
  /** Milliseconds between rotations; default false: none. */
  rotateEveryMs?: number | false;
  /** How long `rotate()` and `close()` wait for tasks, in milliseconds; default 10,000. */
  rotateTimeoutMs?: number;
  /** A rotation after so many milliseconds of silence, default 60,000; doubles while nothing was missed. */
  stallProbeMs?: number | false;
  /** Milliseconds; default 100 to 30,000, full jitter. */
  reconnect?: { minDelayMs?: number; maxDelayMs?: number };
  /**
   * Joins lines to records of several lines, such as stack traces: a line that matches `start` begins one, others go on with the
   * one before. It ends with the next that begins; at `maxLines` (default 500) or `maxBytes` (default 1 MiB), behind which
   * another begins; or after `maxWaitMs` (default 1,000, by the lines' timestamps) without another line. Each stream's lines are joined by themselves.
   */
  multiline?: { start: RegExp; maxLines?: number; maxBytes?: number; maxWaitMs?: number };
  /** Where the position survives the process; saved on rotation, at the container's end and on close besides. */
  checkpoints?: CheckpointStore;
  /** Milliseconds from one save to the next, at the least; default 1,000. */
  checkpointEveryMs?: number;
  /** Ends the source: a loop throws its reason after the lines already handed over. */
  signal?: AbortSignal;
  /**
   * Names the engine in a store's keys, where it has no stable id of its own (Podman, a proxy that forbids `/info`): two hosts
   * that share a store need two names.
   */
  engineName?: string;
  /**
   * Default "engine". "files": lines are read from the log files that the engine writes, where this process may read them: for a small
   * part of the cost, for `json-file`, `local` and Podman's `k8s-file`; FILES_UNREADABLE where that can't be. "auto": from files where they can be
   * read and are known to be the container's, else from the engine; the status `reading` says which, and why. See docs/files.md.
   */
  read?: ReadFrom;
  /** Where the log files are. */
  files?: FilesOptions;
}

export interface ResolvedOptions {
  readonly engine: Engine;
  readonly from: From;
  readonly resume: Cursor | undefined;
  readonly streams: ReadonlySet<string>;
  readonly follow: boolean;
  readonly encoding: "utf8" | "latin1";
  readonly followRestarts: boolean;
  readonly maxLineBytes: number;
  readonly bufferBytes: number;
  readonly details: DetailsOptions | undefined;
  readonly attributes: boolean;
  readonly rotateEveryMs: number | false;
  readonly rotateTimeoutMs: number;
  readonly stallProbeMs: number | false;
  readonly reconnect: BackoffOptions;
  readonly multiline: ResolvedMultiline | undefined;
  readonly checkpoints: CheckpointStore | undefined;
  readonly checkpointEveryMs: number;
  readonly signal: AbortSignal | undefined;
  readonly engineName: string | undefined;
  readonly read: ReadFrom;
  readonly files: FilesOptions;
}

/** A terminal's stream is what the container's two became, so no choice leaves it out. */
const TTY = "tty";

export const DEFAULT_CHECKPOINT_EVERY_MS = 1_000;

const defaults = {
  engine: {},
  from: "start",
  resume: undefined,
  streams: ["stdout", "stderr"],
  follow: true,
  encoding: "utf8",
  followRestarts: true,
  maxLineBytes: 1024 * 1024,
  bufferBytes: 1024 * 1024,
  details: false,
  attributes: false,
  rotateEveryMs: false,
  rotateTimeoutMs: 10_000,
  stallProbeMs: 60_000,
  reconnect: {},
  multiline: undefined,
  checkpoints: undefined,
  checkpointEveryMs: DEFAULT_CHECKPOINT_EVERY_MS,
  signal: undefined,
  engineName: undefined,
  read: "engine",
  files: {},
} as const satisfies Record<keyof SourceOptions, unknown>;

const reconnectDefaults = { minDelayMs: 100, maxDelayMs: 30_000 };
const multilineDefaults = { maxLines: 500, maxBytes: 1024 * 1024, maxWaitMs: 1_000 };
const MAX_BYTES = 512 * 1024 * 1024;

/** Names that are looked for among a source's options, and where they stand. */
export const MISTAKEN: Readonly<Record<string, string>> = {
  tail: "from.tail",
  since: "from.since",
  stdout: "streams",
  stderr: "streams",
  socketPath: "engine.socketPath",
  host: "engine.host",
  store: "checkpoints",
};

/**
 * `place`: where the options stand in those of the caller, such as "source" in a pool's.
 *
 * @throws DockspoolError INVALID_OPTION, with the option, what was given and what is allowed
 */
export function resolveOptions(options: SourceOptions, place = ""): ResolvedOptions {
  checkKeys(place, options, Object.keys(defaults), MISTAKEN);
  const given = { ...defaults, ...withoutUndefined(options) };
  const at = (name: keyof SourceOptions): string => within(place, name);
  validateEngine(given.engine);
  checkFrom(at("from"), given.from);
  if (given.resume !== undefined) parseCursor(given.resume);
  checkStreams(at("streams"), given.streams);
  if (given.encoding !== "utf8" && given.encoding !== "latin1") {
    throw invalidOption(at("encoding"), given.encoding, '"utf8" or "latin1"');
  }
  checkBoolean(at("follow"), given.follow);
  checkBoolean(at("attributes"), given.attributes);
  checkBoolean(at("followRestarts"), given.followRestarts);
  checkNumber(at("maxLineBytes"), given.maxLineBytes, 1, MAX_BYTES, "bytes");
  checkNumber(at("bufferBytes"), given.bufferBytes, 1, Number.MAX_SAFE_INTEGER, "bytes");
  checkIntervalOrFalse(at("rotateEveryMs"), given.rotateEveryMs);
  checkNumber(at("rotateTimeoutMs"), given.rotateTimeoutMs, 0, MAX_TIMER_MS, "milliseconds");
  checkIntervalOrFalse(at("stallProbeMs"), given.stallProbeMs);
  if (given.checkpoints !== undefined) checkStore(given.checkpoints);
  checkNumber(at("checkpointEveryMs"), given.checkpointEveryMs, 0, MAX_TIMER_MS, "milliseconds");
  checkSignal(given.signal);
  if (given.engineName !== undefined) checkText(at("engineName"), given.engineName);
  return {
    ...given,
    engine: ownEngine(given.engine),
    from: ownFrom(given.from),
    streams: new Set([...given.streams, TTY]),
    read: checkRead(at("read"), given.read),
    files: checkFiles(at("files"), given.files),
    details: checkDetails(at("details"), given.details),
    reconnect: checkReconnect(at("reconnect"), given.reconnect),
    multiline: checkMultiline(at("multiline"), given.multiline),
  };
}

/** @throws DockspoolError INVALID_OPTION */
export function checkStore(store: unknown): void {
  const has = (name: string): boolean =>
    typeof store === "object" && store !== null && typeof Reflect.get(store, name) === "function";
  if (["load", "save", "delete", "keys"].every(has)) return;
  throw invalidOption("checkpoints", store, "a store with the methods load, save, delete and keys");
}

/** @throws DockspoolError INVALID_OPTION */
export function checkFrom(place: string, from: unknown): void {
  if (from === "start" || from === "now") return;
  if (isObject(from)) {
    checkKeys(place, from, ["tail", "since"]);
    const { tail, since } = from;
    if (since === undefined && Number.isSafeInteger(tail) && Number(tail) >= 0) return;
    if (tail === undefined && since !== undefined) {
      if (sinceTimestamp(since) !== undefined) return;
      throw invalidOption(`${place}.since`, since, "a Date or an RFC 3339 time");
    }
  }
  throw invalidOption(
    place,
    from,
    '"start", "now", { tail: a whole number from 0 }, or { since: a Date or an RFC 3339 time }',
  );
}

function checkIntervalOrFalse(place: string, ms: unknown): void {
  if (ms !== false) checkNumber(place, ms, 1, MAX_TIMER_MS, "milliseconds, or false");
}

function checkStreams(place: string, streams: unknown): void {
  const known =
    Array.isArray(streams) && streams.every((name) => name === "stdout" || name === "stderr");
  if (!known || streams.length === 0) {
    throw invalidOption(place, streams, 'a list of "stdout", "stderr" or both');
  }
}

function checkMultiline(
  place: string,
  given: SourceOptions["multiline"],
): ResolvedMultiline | undefined {
  if (given === undefined) return undefined;
  checkKeys(place, given, ["start", "maxLines", "maxBytes", "maxWaitMs"]);
  const { start: expression, ...rest } = given;
  // With flags g and y an expression remembers where it matched last: one of our own.
  const start = ownRegExp(expression);
  if (start === undefined) throw invalidOption(`${place}.start`, expression, "a RegExp");
  const bounds = { ...multilineDefaults, ...withoutUndefined(rest) };
  checkNumber(`${place}.maxLines`, bounds.maxLines, 1, 1_000_000, "lines");
  checkNumber(`${place}.maxBytes`, bounds.maxBytes, 1, MAX_BYTES, "bytes");
  checkNumber(`${place}.maxWaitMs`, bounds.maxWaitMs, 1, MAX_TIMER_MS, "milliseconds");
  return { ...bounds, start };
}

function checkReconnect(
  place: string,
  given: NonNullable<SourceOptions["reconnect"]>,
): BackoffOptions {
  checkKeys(place, given, ["minDelayMs", "maxDelayMs"]);
  return checkDelays(place, withoutUndefined(given), reconnectDefaults);
}
