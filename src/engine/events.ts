import { record, string } from "./json.ts";

/** What happened to a container. */
export interface ContainerEvent {
  readonly container: string;
  /** "start", "die", "destroy", …; Podman says "died" and "remove". "starting": see `parseConnection`. */
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
  const actor = record(json["Actor"]);
  const type = json["Type"] ?? "container";
  if (type === "network") return parseConnection(json, record(actor["Attributes"]));
  if (type !== "container") return undefined;
  const container = actor["ID"] ?? json["id"];
  const action = json["Action"] ?? json["status"];
  if (typeof container !== "string" || typeof action !== "string") return undefined;
  const at = timeOf(json);
  return {
    container,
    name: string(record(actor["Attributes"])["name"]).replace(/^\//, ""),
    action: action === "died" ? "die" : action === "remove" ? "destroy" : action,
    at,
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
  return Number(json["timeNano"]) / 1e6;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
