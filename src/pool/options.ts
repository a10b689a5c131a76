import type { CheckpointStore } from "../checkpoint/store.ts";
import { checkDetails } from "../engine/details.ts";
import type { DetailsOptions } from "../engine/details.ts";
import type { Engine } from "../engine/engine-options.ts";
import { invalidOption } from "../errors.ts";
import {
  MAX_TIMER_MS,
  checkBoolean,
  checkKeys,
  checkNumber,
  checkSignal,
  withoutUndefined,
} from "../checks.ts";
import type { Leases } from "../lifetime/lease.ts";
import {
  MISTAKEN as MISTAKEN_FOR_SOURCE,
  checkFrom,
  checkStore,
  resolveOptions,
} from "../source/options.ts";
import type { SourceOptions } from "../source/options.ts";
import { checkFiles, checkRead } from "../source/read-options.ts";
import type { FilesOptions, ReadFrom, ReadOptions } from "../source/read-options.ts";
import { ownFrom } from "../stream/from.ts";
import type { From } from "../stream/from.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { guarded, refusePromise } from "./caller-functions.ts";
import { enginesOf } from "./engine-options.ts";
import { checkLeases } from "./lease-options.ts";
import type { RotationPlan } from "./rotations.ts";
import { SELECTOR_FIELDS, compileExclusion, compileSelector } from "./discovery/selector.ts";
import type { ContainerSelector } from "./discovery/selector.ts";

/** What may differ from one container to the next. */
export type PoolSourceOptions = Omit<
  SourceOptions,
  | "engine"
  | "checkpoints"
  | "signal"
  | "from"
  | "resume"
  | "rotateEveryMs"
  | "follow"
  | "engineName"
  | "details"
  | "attributes"
>;

/** `from` as in the pool's options; `engineName`: the key in `engines`, where there are several. */
export type AttachOptions = PoolSourceOptions & { from?: From; engineName?: string };

export interface PoolOptions {
  /** Default: DOCKER_HOST, else the usual sockets. */
  engine?: Engine;
  /** Several engines by name; each is found, lost and found again by itself. Not together with `engine`. */
  engines?: Readonly<Record<string, Engine>>;
  /** Default all. A function that throws skips its container, with the status `skipped`. */
  select?: ContainerSelector | ((container: ContainerInfo) => boolean);
  /** Default true: running containers, and those that start later. */
  discover?: boolean;
  /**
   * For containers that were there before the pool and have no checkpoint; default "now", as of their discovery. Containers
   * created since, or since the checkpoints last saw the engine, are read from their start.
   */
  from?: From;
  /**
   * Default false: a container that had stopped before the pool is followed once it starts. True: its log is read to its end as well,
   * in its turn: from its start where `from` is not given, or from where its checkpoint stands. Without checkpoints each pool
   * reads it anew.
   */
  stopped?: boolean;
  /** Default true: the container that this process runs in is left out. */
  excludeSelf?: boolean;
  /**
   * Adds `details` to each container's info: image id, networks, Compose's and Swarm's names, and of its environment the variables
   * that `env` names. Default false. No other question is asked for it, but for one look more after each start of a container,
   * which gives it other addresses.
   */
  details?: boolean | DetailsOptions;
  /**
   * Records have `attributes`: what a container's log options `labels`, `env` and `tag` note with each line. Default false. Through
   * the API the engine is asked for them (`details=1`), which costs it and this process some time for each line. Docker alone has them,
   * with drivers that keep them: `json-file`, `journald`.
   */
  attributes?: boolean;
  /**
   * Default "engine". "files": lines are read from the log files that the engine writes, where this process may read them; a container of which
   * that can't be is skipped. "auto": from files where they can be read and are known to be the container's, else from the engine. `source` may
   * say so for each container. See docs/files.md.
   */
  read?: ReadFrom;
  /** Where the log files are. */
  files?: FilesOptions;
  /** Log streams of the engine open at once; default 128. More containers than that share them in turn. Files are none. */
  maxStreams?: number;
  /** The longest turn while others wait, in milliseconds from when its stream is open; default 1,000. */
  timeSliceMs?: number;
  /** Default every 300,000 ms, earlier or later by a share of up to 0.2 at random. */
  rotation?: { everyMs: number; jitter?: number } | false;
  /** For all containers, or for each. A function that throws skips its container, with the status `skipped`. */
  source?: PoolSourceOptions | ((container: ContainerInfo) => PoolSourceOptions);
  /**
   * Default: as lines arrive. By timestamp: a line waits for earlier ones of other containers, for up to `latenessMs` from
   * its arrival; what comes later than that comes out of order. Within a container the order is the engine's. While others
   * are silent, a container brings no more than its own `bufferBytes` in each `latenessMs`.
   */
  order?: { byTimestamp: true; latenessMs: number };
  /** Read ahead of the consumer over all containers; default 32 MiB, then their sockets are paused. */
  bufferBytes?: number;
  /** Where positions survive the process: option `checkpointEveryMs` of `source` says how often they are saved. */
  checkpoints?: CheckpointStore;
  /**
   * Several pools that watch one engine follow each container once: a pool that waits for a lease tells of it by the status `standby`, and
   * goes on from the last position saved. Needs `checkpoints` that all of them share. See `natsLeases` of `dockspool/nats`.
   */
  leases?: Leases;
  /** Ends the pool: a loop throws its reason after the lines already handed over. */
  signal?: AbortSignal;
}

export interface ResolvedPoolOptions {
  readonly engines: ReadonlyMap<string, Engine>;
  readonly selects: (container: ContainerInfo) => boolean;
  /** By a container's name alone. */
  readonly excludes: (name: string) => boolean;
  readonly discover: boolean;
  readonly from: From;
  /** Containers that had stopped before are read, too. */
  readonly stopped: boolean;
  /** What `from` is for them. */
  readonly fromOfStopped: From;
  readonly excludeSelf: boolean;
  readonly details: DetailsOptions | undefined;
  readonly attributes: boolean;
  readonly maxStreams: number;
  readonly timeSliceMs: number;
  readonly rotation: RotationPlan | false;
  /** How a container is read. One of which nothing is known yet may be read from files where `source` is a function. */
  readonly reading: (container?: ContainerInfo) => ReadOptions;
  readonly sourceOptions: (container: ContainerInfo) => PoolSourceOptions;
  /** Undefined: as lines arrive. */
  readonly latenessMs: number | undefined;
  readonly bufferBytes: number;
  readonly checkpoints: CheckpointStore | undefined;
  readonly leases: Leases | undefined;
  /** How long `close()` waits for sinks. */
  readonly closeTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

const defaults = {
  engine: undefined,
  engines: undefined,
  select: {},
  discover: true,
  from: "now",
  stopped: false,
  excludeSelf: true,
  details: false,
  attributes: false,
  read: "engine",
  files: {},
  maxStreams: 128,
  timeSliceMs: 1_000,
  rotation: { everyMs: 300_000 },
  source: {},
  order: undefined,
  bufferBytes: 32 * 1024 * 1024,
  checkpoints: undefined,
  leases: undefined,
  signal: undefined,
} as const satisfies Record<keyof PoolOptions, unknown>;

const DEFAULT_JITTER = 0.2;

const sourceOptionNames = [
  "streams",
  "encoding",
  "followRestarts",
  "maxLineBytes",
  "bufferBytes",
  "rotateTimeoutMs",
  "stallProbeMs",
  "reconnect",
  "multiline",
  "checkpointEveryMs",
  "read",
  "files",
] as const satisfies readonly (keyof PoolSourceOptions)[];

/** Names that are looked for among a pool's options, and where they stand. */
const MISTAKEN: Readonly<Record<string, string>> = {
  ...MISTAKEN_FOR_SOURCE,
  ...Object.fromEntries(sourceOptionNames.map((name) => [name, `source.${name}`])),
  ...Object.fromEntries(SELECTOR_FIELDS.map((name) => [name, `select.${name}`])),
  containers: "select.names",
  rotateEveryMs: "rotation.everyMs",
};

/** Names that are looked for in `source`, and are the pool's own. */
const OF_THE_POOL: Readonly<Record<string, string>> = {
  ...MISTAKEN_FOR_SOURCE,
  ...Object.fromEntries(Object.keys(defaults).map((name) => [name, name])),
  rotateEveryMs: "rotation.everyMs",
};

/** @throws DockspoolError INVALID_OPTION, with the option, what was given and what is allowed */
export function resolvePoolOptions(options: PoolOptions): ResolvedPoolOptions {
  checkKeys("", options, Object.keys(defaults), MISTAKEN);
  const given = { ...defaults, ...withoutUndefined(options) };
  checkBoolean("discover", given.discover);
  checkBoolean("stopped", given.stopped);
  checkBoolean("attributes", given.attributes);
  checkBoolean("excludeSelf", given.excludeSelf);
  checkNumber("maxStreams", given.maxStreams, 1, 1_000_000, "streams");
  checkNumber("timeSliceMs", given.timeSliceMs, 1, MAX_TIMER_MS, "milliseconds");
  checkNumber("bufferBytes", given.bufferBytes, 1, Number.MAX_SAFE_INTEGER, "bytes");
  if (given.checkpoints !== undefined) checkStore(given.checkpoints);
  checkLeases(given.leases, given.checkpoints);
  checkSignal(given.signal);
  checkFrom("from", given.from);
  const reading = {
    read: checkRead("read", given.read),
    files: checkFiles("files", given.files),
  };
  const sourceOptions = sourceOptionsOf(given.source, reading);
  return {
    engines: enginesOf(given),
    selects: guarded("select", compileSelector(given.select), refusePromise),
    excludes: compileExclusion(given.select),
    discover: given.discover,
    from: ownFrom(given.from),
    stopped: given.stopped,
    fromOfStopped: ownFrom(given.stopped ? (options.from ?? "start") : given.from),
    excludeSelf: given.excludeSelf,
    details: checkDetails("details", given.details),
    attributes: given.attributes,
    maxStreams: given.maxStreams,
    timeSliceMs: given.timeSliceMs,
    rotation: rotationPlan(given.rotation),
    reading: readingOf(sourceOptions, given.source, reading),
    sourceOptions,
    latenessMs: latenessOf(given.order),
    bufferBytes: given.bufferBytes,
    checkpoints: given.checkpoints,
    leases: given.leases,
    closeTimeoutMs: resolveOptions(typeof given.source === "function" ? {} : given.source, "source")
      .rotateTimeoutMs,
    signal: given.signal,
  };
}

function checkSourceOptions(options: PoolSourceOptions): PoolSourceOptions {
  checkKeys("source", options, sourceOptionNames, OF_THE_POOL);
  resolveOptions(options, "source");
  return withoutUndefined(options);
}

/** @throws DockspoolError INVALID_OPTION */
export function checkAttachOptions(options: AttachOptions): AttachOptions {
  checkKeys("", options, [...sourceOptionNames, "from", "engineName"], MISTAKEN_FOR_SOURCE);
  // Any name will do: one that is none of the pool's is refused by the pool.
  const { engineName: _, ...sourceOptions } = options;
  resolveOptions(sourceOptions);
  const given = withoutUndefined(options);
  return given.from === undefined ? given : { ...given, from: ownFrom(given.from) };
}

function rotationPlan(rotation: NonNullable<PoolOptions["rotation"]>): RotationPlan | false {
  if (rotation === false) return false;
  checkKeys("rotation", rotation, ["everyMs", "jitter"]);
  const { everyMs, jitter = DEFAULT_JITTER } = rotation;
  // With all of its jitter it is twice as long.
  checkNumber("rotation.everyMs", everyMs, 1, Math.floor(MAX_TIMER_MS / 2), "milliseconds");
  if (!(typeof jitter === "number" && jitter >= 0 && jitter <= 1))
    throw invalidOption("rotation.jitter", jitter, "a share from 0 to 1");
  return { everyMs, jitter };
}

type SourceOptionsOf = (container: ContainerInfo) => PoolSourceOptions & ReadOptions;

function sourceOptionsOf(
  source: NonNullable<PoolOptions["source"]>,
  reading: ReadOptions,
): SourceOptionsOf {
  if (typeof source !== "function") {
    const checked = { ...reading, ...checkSourceOptions(source) };
    return () => checked;
  }
  return guarded("source", source, (answer) => ({
    ...reading,
    ...checkSourceOptions(refusePromise(answer)),
  }));
}

function readingOf(
  sourceOptions: SourceOptionsOf,
  source: NonNullable<PoolOptions["source"]>,
  given: ReadOptions,
): ResolvedPoolOptions["reading"] {
  if (typeof source !== "function") {
    const { read = given.read, files = given.files } = source;
    return () => ({ read, files });
  }
  const unknown = { ...given, read: given.read === "engine" ? "auto" : given.read } as const;
  return (container) => {
    if (container === undefined) return unknown;
    try {
      return sourceOptions(container);
    } catch {
      // That is told when it is to be followed.
      return given;
    }
  };
}

function latenessOf(order: PoolOptions["order"] | undefined): number | undefined {
  if (order === undefined) return undefined;
  checkKeys("order", order, ["byTimestamp", "latenessMs"]);
  const byTimestamp: unknown = order.byTimestamp;
  if (byTimestamp !== true) throw invalidOption("order.byTimestamp", byTimestamp, "true");
  checkNumber("order.latenessMs", order.latenessMs, 0, MAX_TIMER_MS, "milliseconds");
  return order.latenessMs;
}
