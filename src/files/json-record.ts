import { isUtf8 } from "node:buffer";
import type { Entry } from "../wire/entry.ts";
import { toUtc } from "../wire/timestamps.ts";
import { attributesOf } from "./noted-attributes.ts";

/** The shortest line of a log: `{"log":"","stream":"stdout","time":"2026-11-23T15:58:34Z"}` and a newline. */
export const LEAST_BYTES = 59;
const NANOSECOND_DIGITS = 9;

/** One line of a `json-file` log, whatever form it has; undefined where it is no entry. `bytes` end before the newline. */
export function jsonRecord(bytes: Buffer, hasAttributes: boolean): Entry | undefined {
  if (!isUtf8(bytes)) return undefined;
  const value = parsed(bytes.toString());
  if (!isObject(value)) return undefined;
  const { log = "", stream, time, attrs } = value;
  if (typeof log !== "string" || typeof time !== "string") return undefined;
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const timestamp = toNanoseconds(time);
  if (timestamp === undefined) return undefined;
  const ended = log.endsWith("\n");
  const text = Buffer.from(ended ? log.slice(0, -1) : log);
  const entry: Entry = { stream, timestamp, text, ended };
  return hasAttributes ? { ...entry, attributes: attributesOf(attrs) } : entry;
}

/** In UTC with all nine digits, as the API sends it (moby, `RFC3339NanoFixed`). */
function toNanoseconds(time: string): string | undefined {
  const utc = toUtc(time);
  if (utc === undefined) return undefined;
  const [seconds = "", fraction = ""] = utc.slice(0, -1).split(".");
  return `${seconds}.${fraction.padEnd(NANOSECOND_DIGITS, "0")}Z`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
