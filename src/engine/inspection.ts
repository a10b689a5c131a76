import { exitOf, healthOf } from "./condition.ts";
import type { ContainerHealth, Exit } from "./condition.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { toUtc } from "../wire/timestamps.ts";
import { detailsOf } from "./details.ts";
import type { DetailsOptions } from "./details.ts";
import type { OwnInfo } from "./identity.ts";
import { record, string, texts } from "./json.ts";
import { logFileBytes, logFileCount } from "./log-file-size.ts";
import { followsAreWhole } from "./traits.ts";
import type { EngineTraits } from "./traits.ts";

/** What the engine says of a container now. */
export interface Inspection {
  readonly info: ContainerInfo;
  /** A paused container runs too; one that waits to be restarted does not. */
  readonly running: boolean;
  /** The engine removes it when it exits. */
  readonly removesItself: boolean;
  /** It is about to be gone, and its log can't be read any more. */
  readonly removing: boolean;
  /** Epoch milliseconds, by the engine's clock; NaN where it is not said. */
  readonly createdAt: number;
  /** When it last started, in UTC; undefined where that is not known, and may be yet to come. */
  readonly startedAt: string | undefined;
  /** When its run ended, as `startedAt`; undefined while it runs. */
  readonly finishedAt?: string | undefined;
  /** How its run ended; undefined while it runs. */
  readonly exit?: Exit | undefined;
  readonly health?: ContainerHealth | undefined;
  readonly traits: EngineTraits;
  /** A follow brings every line as it was written; else only plain reads do. */
  readonly followIsWhole: boolean;
  /** The size at which the engine begins a new log file, in bytes; undefined where it never does. */
  readonly maxLogFileBytes: number | undefined;
  /** The log's mode is "non-blocking": the engine takes a line's time, and writes it some time later or, where there are too many, never. */
  readonly mayDropLines: boolean;
  /** How many of them it keeps. */
  readonly maxLogFiles: number;
  /** The folder that takes what it writes, where its storage has one. */
  readonly upperDir?: string | undefined;
  /** Where the engine says that its log lies; Docker says so of `json-file`, Podman of `k8s-file`. */
  readonly logPath?: string | undefined;
  /** A file that the engine keeps beside the log, or that of another container whose network it has. */
  readonly hostsPath?: string | undefined;
  /** Where the engine keeps its data, where that was asked for and is told. */
  readonly dataRoot?: string | undefined;
}

/** Reads the answer of `/containers/{id}/json`; undefined where it is none. */
export function parseInspection(
  json: unknown,
  traits: EngineTraits,
  engine: string,
  details?: DetailsOptions,
): Inspection | undefined {
  const root = record(json);
  const id = root["Id"];
  const state = record(root["State"]);
  if (typeof id !== "string" || !/^[0-9a-f]{12,64}$/.test(id)) return undefined;
  const config = record(root["Config"]);
  const hostConfig = record(root["HostConfig"]);
  const logConfig = record(hostConfig["LogConfig"]);
  const status = string(state["Status"]);
  const removing = status === "removing" || status === "dead" || state["Dead"] === true;
  const labels = Object.freeze(texts(config["Labels"]));
  const running = !removing && isRunning(state, status, traits);
  const info: ContainerInfo = Object.freeze({
    id,
    name: string(root["Name"]).replace(/^\//, ""),
    image: string(config["Image"]),
    labels,
    tty: config["Tty"] === true,
    logDriver: string(logConfig["Type"]),
    engine,
    ...(details && {
      details: detailsOf(root, labels, details, {
        name: engine,
        product: traits.name,
        id: undefined,
        host: undefined,
      }),
    }),
  });
  return {
    info,
    removing,
    running,
    finishedAt: running ? undefined : toUtc(string(state["FinishedAt"])),
    exit: running ? undefined : exitOf(state),
    health: healthOf(state),
    createdAt: Date.parse(string(root["Created"])),
    startedAt: toUtc(string(state["StartedAt"])),
    removesItself: hostConfig["AutoRemove"] === true,
    traits,
    followIsWhole: followsAreWhole(traits, info.logDriver),
    upperDir: string(record(record(root["GraphDriver"])["Data"])["UpperDir"]) || undefined,
    logPath: string(root["LogPath"]) || undefined,
    hostsPath: string(root["HostnamePath"]) || string(root["ResolvConfPath"]) || undefined,
    mayDropLines: string(record(logConfig["Config"])["mode"]) === "non-blocking",
    maxLogFiles: logFileCount(info.logDriver, record(logConfig["Config"])),
    maxLogFileBytes: logFileBytes(
      info.logDriver,
      record(logConfig["Config"]),
      !traits.unstableParts,
    ),
  };
}

/** Docker names a time of a container that never started. */
export function hasStarted(startedAt: string | undefined): startedAt is string {
  return startedAt !== undefined && !neverStarted(startedAt);
}

/** The engine says so: where nothing is known it may have. */
export function neverStarted(startedAt: string | undefined): boolean {
  return startedAt?.startsWith("0001-") === true;
}

/** The same, with what the engine says of itself. */
export function withOwnInfo(inspection: Inspection, { dataRoot, ...names }: OwnInfo): Inspection {
  const { info } = inspection;
  if (info.details === undefined) return { ...inspection, dataRoot };
  const engine = Object.freeze({ ...info.details.engine, ...names });
  const details = Object.freeze({ ...info.details, engine });
  return { ...inspection, dataRoot, info: Object.freeze({ ...info, details }) };
}

/** Podman says `Running: false` while a container handles its stop signal; its status is "stopping" then, from 5.8 on "running". */
const upStatuses: ReadonlySet<string> = new Set(["running", "stopping", "paused"]);

function isRunning(
  state: Readonly<Record<string, unknown>>,
  status: string,
  traits: EngineTraits,
): boolean {
  if (state["Restarting"] === true) return false;
  return state["Running"] === true || (traits.deniesStopping && upStatuses.has(status));
}
