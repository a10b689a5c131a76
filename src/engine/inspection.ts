import type { ContainerInfo } from "../wire/records.ts";
import { toUtc } from "../wire/timestamps.ts";
import { record, string, texts } from "./json.ts";
import type { EngineTraits } from "./traits.ts";

/** What the engine says of a container now. */
export interface Inspection {
  readonly info: ContainerInfo;
  /** A paused container runs too; one that waits to be restarted does not. */
  readonly running: boolean;
  /** It is about to be gone, and its log can't be read any more. */
  readonly removing: boolean;
  /** Epoch milliseconds, by the engine's clock; NaN where it is not said. */
  readonly createdAt: number;
  /** When it last started, in UTC; undefined where that is not known, and may be yet to come. */
  readonly startedAt: string | undefined;
  readonly traits: EngineTraits;
  /** The size at which the engine begins a new log file, in bytes; undefined where it never does. */
  readonly maxLogFileBytes: number | undefined;
}

/** The `local` driver's (moby, `daemon/logger/local/local.go`). */
const LOCAL_MAX_FILE_BYTES = 20_000_000;

/** Reads the answer of `/containers/{id}/json`; undefined where it is none. */
export function parseInspection(
  json: unknown,
  traits: EngineTraits,
  engine: string,
): Inspection | undefined {
  const root = record(json);
  const id = root["Id"];
  const state = record(root["State"]);
  if (typeof id !== "string" || !/^[0-9a-f]{12,64}$/.test(id)) return undefined;
  const config = record(root["Config"]);
  const status = string(state["Status"]);
  const removing = status === "removing" || status === "dead" || state["Dead"] === true;
  const info: ContainerInfo = Object.freeze({
    id,
    name: string(root["Name"]).replace(/^\//, ""),
    image: string(config["Image"]),
    labels: Object.freeze(texts(config["Labels"])),
    tty: config["Tty"] === true,
    logDriver: string(record(record(root["HostConfig"])["LogConfig"])["Type"]),
    engine,
  });
  return {
    info,
    removing,
    running: !removing && state["Running"] === true && state["Restarting"] !== true,
    createdAt: Date.parse(string(root["Created"])),
    startedAt: toUtc(string(state["StartedAt"])),
    traits,
    maxLogFileBytes: fileBytes(record(record(root["HostConfig"])["LogConfig"])),
  };
}

/** `max-size` as Docker writes it: "10m", "512k". */
function fileBytes(logConfig: Readonly<Record<string, unknown>>): number | undefined {
  const match = /^(\d+)([kmg]?)b?$/i.exec(string(record(logConfig["Config"])["max-size"]));
  if (match === null) return logConfig["Type"] === "local" ? LOCAL_MAX_FILE_BYTES : undefined;
  const unit = { k: 1e3, m: 1e6, g: 1e9 }[(match[2] ?? "").toLowerCase()] ?? 1;
  return Number(match[1]) * unit;
}
