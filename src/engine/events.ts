import { conditionOfEvent } from "./condition.ts";
import type { ConditionEvent } from "./condition.ts";
import { number, record, string, timeOrNaN } from "./json.ts";

/** What happened to a container. */
export interface ContainerEvent extends ConditionEvent {
  readonly container: string;
  /** "start", "die", "destroy", …; Podman says "died" and "remove". "starting": see `parseConnection`. */
  readonly action: string;
  /** The container's name at that time, without the leading slash; empty where it is not said. */
  readonly name: string;
  /** Epoch milliseconds, by the engine's clock; NaN where it is not said. */
  readonly at: number;
}

/** A container's labels stand in each of its events; no engine's is as long as this. */
export const MAX_EVENT_BYTES: number = 1024 * 1024;
const NEWLINE = 0x0a;

/** Splits the engine's event stream into its lines, one JSON object each. */
export class EventLines {
  /** Holds the beginning of a line. */
  #rest = Buffer.alloc(0);
  #restBytes = 0;

  /** `chunk` is the caller's again when it returns. @throws RangeError where an event has no end */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, at)) {
      lines.push(this.#whole(chunk.subarray(at, end)));
      at = end + 1;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
    return lines;
  }

  /** What came behind the last line end. */
  get rest(): string {
    return this.#rest.toString("utf8", 0, this.#restBytes);
  }

  #whole(end: Buffer): string {
    if (this.#restBytes === 0) return end.toString("utf8");
    this.#keep(end);
    const line = this.rest;
    this.#restBytes = 0;
    return line;
  }

  /** Grows by doubling: what comes byte by byte is not copied anew with each. */
  #keep(bytes: Buffer): void {
    const length = this.#restBytes + bytes.length;
    if (length > MAX_EVENT_BYTES) throw new RangeError("an event without an end");
    if (length > this.#rest.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#rest.length));
      this.#rest.copy(larger, 0, 0, this.#restBytes);
      this.#rest = larger;
    }
    this.#restBytes += bytes.copy(this.#rest, this.#restBytes);
  }
}

/** Reads what happened to containers from the engine's event stream. */
export class EventDecoder {
  readonly #lines = new EventLines();

  /** `chunk` is the caller's again when it returns. @throws RangeError where an event has no end */
  push(chunk: Buffer): ContainerEvent[] {
    return this.#lines.push(chunk).flatMap((line) => parseEvent(line) ?? []);
  }

  /** What came behind the last line end. */
  get rest(): string {
    return this.#lines.rest;
  }
}

function parseEvent(line: string): ContainerEvent | undefined {
  if (line.trim() === "") return undefined;
  const json = record(parse(line));
  const actor = record(json["Actor"]);
  const type = json["Type"] ?? "container";
  if (type === "network") return parseConnection(json, record(actor["Attributes"]));
  if (type !== "container") return undefined;
  const container = actor["ID"] ?? json["id"];
  const action = json["Action"] ?? json["status"];
  if (typeof container !== "string" || typeof action !== "string") return undefined;
  const attributes = record(actor["Attributes"]);
  const name = string(attributes["name"]).replace(/^\//, "");
  // The next look finds the name.
  if (action === "rename" && name === "") return undefined;
  return {
    container,
    name,
    action: action === "died" ? "die" : action === "remove" ? "destroy" : action,
    at: timeOf(json),
    ...conditionOfEvent(action, attributes),
  };
}

/** Docker connects a container to its network, also to none, as it begins to start it, long before its "start". */
function parseConnection(
  json: Readonly<Record<string, unknown>>,
  { container }: Readonly<Record<string, unknown>>,
): ContainerEvent | undefined {
  if (json["Action"] !== "connect" || typeof container !== "string") return undefined;
  return { container, name: "", action: "starting", at: timeOf(json) };
}

function timeOf(json: Readonly<Record<string, unknown>>): number {
  const nanoseconds = number(json["timeNano"]);
  return timeOrNaN(nanoseconds > 0 ? nanoseconds / 1e6 : number(json["time"]) * 1e3);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
