import { hash } from "node:crypto";
import { toUtc } from "../wire/timestamps.ts";
import { EventLines } from "./events.ts";
import { number, record, string, texts, timeOrNaN } from "./json.ts";

/** What happened at an engine. */
export interface EngineEvent {
  readonly kind: "event";
  /** The key in a pool's `engines`, or "default". */
  readonly engine: string;
  /** Of what: "container", "image", "volume", "network", "daemon", "plugin", "service", "node", "secret", "config", … */
  readonly type: string;
  /** "create", "start", "die", "health_status: healthy", "pull", … as the engine calls it. */
  readonly action: string;
  readonly actor: {
    /** A container's id, an image's name or id, a network's id, … */
    readonly id: string;
    /** A container's labels, and its name, image and exit code, for example. */
    readonly attributes: Readonly<Record<string, string>>;
  };
  /** "local", or "swarm" for what a manager tells of its swarm. */
  readonly scope: string;
  /** RFC 3339 in UTC, with nanoseconds, by the engine's clock. */
  readonly timestamp: string;
}

/** An event as it was sent. */
export interface SentEvent {
  readonly event: Omit<EngineEvent, "engine">;
  /** Nanoseconds since 1970, by the engine's clock. */
  readonly at: bigint;
  /** The same where it is sent again. */
  readonly key: string;
}

/** A number of that size loses digits in JSON.parse. */
const TIME_NANO = /"timeNano":\s*(\d{1,19})\b/;

/** Reads all events of an engine's stream. */
export class SentEventDecoder {
  readonly #lines = new EventLines();

  /** `chunk` is the caller's again when it returns. @throws RangeError where an event has no end */
  push(chunk: Buffer): SentEvent[] {
    return this.#lines.push(chunk).flatMap((line) => parseEngineEvent(line) ?? []);
  }

  /** What came behind the last line end. */
  get rest(): string {
    return this.#lines.rest;
  }
}

/** Undefined for what is no event. */
export function parseEngineEvent(line: string): SentEvent | undefined {
  const json = record(parsed(line));
  const actor = record(json["Actor"]);
  const action = json["Action"] ?? json["status"];
  const at = timeOf(json, line);
  if (typeof action !== "string" || at === undefined) return undefined;
  const event = {
    kind: "event",
    type: string(json["Type"]) || "container",
    action,
    actor: Object.freeze({
      id: string(actor["ID"] ?? json["id"]),
      attributes: Object.freeze(texts(actor["Attributes"])),
    }),
    scope: string(json["scope"]) || "local",
    timestamp: timestampOf(at),
  } as const;
  return { event, at, key: hash("sha1", line.trim(), "base64") };
}

function timeOf(json: Readonly<Record<string, unknown>>, line: string): bigint | undefined {
  const nanoseconds = BigInt(TIME_NANO.exec(line)?.[1] ?? 0);
  if (nanoseconds > 0n) return nanoseconds;
  const seconds = timeOrNaN(number(json["time"]) * 1_000);
  return Number.isNaN(seconds) ? undefined : BigInt(Math.round(seconds)) * 1_000_000n;
}

function timestampOf(at: bigint): string {
  const seconds = new Date(Number(at / 1_000_000_000n) * 1_000).toISOString().slice(0, -5);
  const sent = `${seconds}.${String(at % 1_000_000_000n).padStart(9, "0")}Z`;
  return toUtc(sent) ?? sent;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
