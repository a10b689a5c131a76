import { record, string } from "./json.ts";

/** The `local` driver's, and that of the files in which the engine keeps what it sends to remote drivers (moby, `daemon/logger/local`). */
const LOCAL_BYTES = 20_000_000;
const LOCAL_FILES = 5;
/** Those that keep one file, or none, unless told otherwise. */
const uncached: ReadonlySet<string> = new Set(["", "none", "json-file", "journald"]);

/** Docker keeps the log in files of its `local` driver: that one's own logs, and those that it sends elsewhere. */
export function isKeptAsLocal(driver: string): boolean {
  return !uncached.has(driver);
}

/**
 * The size at which the engine begins a new log file, in bytes; undefined where it never does. What it sends to a remote driver
 * (syslog, fluentd, awslogs, plugins) it reads from files of its own, whatever `max-size` says; `isCaching`: not Podman.
 */
export function logFileBytes(
  driver: string,
  config: Readonly<Record<string, unknown>>,
  isCaching: boolean,
): number | undefined {
  const isCached = isCaching && driver !== "local" && isKeptAsLocal(driver);
  if (isCached) return isTrue(string(config["cache-disabled"])) ? undefined : LOCAL_BYTES;
  return parseSize(string(config["max-size"])) ?? (driver === "local" ? LOCAL_BYTES : undefined);
}

/** How many files of a log the engine keeps: `json-file` one, unless told otherwise. */
export function logFileCount(driver: string, config: Readonly<Record<string, unknown>>): number {
  const count = Number.parseInt(string(config["max-file"]), 10);
  const isOwn = driver === "local" || !isKeptAsLocal(driver);
  if (isOwn && count >= 1) return count;
  return isKeptAsLocal(driver) ? LOCAL_FILES : 1;
}

/** As Podman's own API tells it of a container. */
export function k8sFileBytes(answer: unknown): number | undefined {
  const logConfig = record(record(record(answer)["HostConfig"])["LogConfig"]);
  return parseSize(string(logConfig["Size"]));
}

/** No size is longer; the time that a longer text takes grows with its square. */
const MAX_SIZE_LENGTH = 100;
/** Decimal, also with an "i". */
const units: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };

/**
 * A size as go-units' FromHumanSize takes it, now and in earlier versions: "10m", "10MB", "10MiB", "0.5g", "10 m". (docker/go-units,
 * `size.go`) Undefined where it is none, or not above 0.
 */
export function parseSize(text: string): number | undefined {
  if (text.length > MAX_SIZE_LENGTH) return undefined;
  const match = /^([+]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?) ?([kmgtp]?)i?b?$/i.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (units[(match[2] ?? "").toLowerCase()] ?? 1);
  return bytes > 0 && bytes < Infinity ? Math.max(1, Math.trunc(bytes)) : undefined;
}

/** As Go's strconv.ParseBool. */
function isTrue(text: string): boolean {
  return ["1", "t", "T", "TRUE", "true", "True"].includes(text);
}
