import { record, string } from "./json.ts";

/** What happened to a container. */
export interface ContainerEvent {
  readonly container: string;
  /** "start", "die", "destroy", …; Podman says "died" and "remove". */
  readonly action: string;
  /** The container's name at that time, without the leading slash; empty where it is not said. */
  readonly name: string;
  /** Epoch milliseconds, by the engine's clock. */
  readonly at: number;
}

/** Splits the engine's event stream, one JSON object a line, into events. */
export class EventDecoder {
  #rest = "";
  readonly #text = new TextDecoder();

  push(chunk: Buffer): ContainerEvent[] {
    const lines = (this.#rest + this.#text.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map(parseEvent).filter((event) => event !== undefined);
  }
}

function parseEvent(line: string): ContainerEvent | undefined {
  if (line.trim() === "") return undefined;
  const json = record(parse(line));
  if (json["Type"] !== undefined && json["Type"] !== "container") return undefined;
  const actor = record(json["Actor"]);
  const container = actor["ID"] ?? json["id"];
  const action = json["Action"] ?? json["status"];
  if (typeof container !== "string" || typeof action !== "string") return undefined;
  const at = Number(json["timeNano"]) / 1e6;
  return {
    container,
    name: string(record(actor["Attributes"])["name"]).replace(/^\//, ""),
    action: action === "died" ? "die" : action === "remove" ? "destroy" : action,
    at,
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
