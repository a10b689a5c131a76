import type { Attributes } from "./attributes.ts";
import type { Entries, Entry, LogStream } from "./entry.ts";

/** A line of one of a service's tasks. */
export interface TaskLine {
  readonly task: string;
  readonly node: string;
  readonly stream: LogStream;
  readonly timestamp: string;
  readonly line: string;
  /** `line` is not all of it: it is too long, or was left without an end. */
  readonly truncated: boolean;
  readonly attributes: Attributes;
}

/** A line that goes on. */
interface OpenLine {
  readonly first: Entry;
  readonly parts: Buffer[];
  bytes: number;
}

const TASK = "com.docker.swarm.task.id";
const NODE = "com.docker.swarm.node.id";
const NONE: Attributes = Object.freeze({});
const RETURN = 0x0d;

/** Joins the parts of lines that come from several tasks at once: a part goes on with the line of its task, stream and time. */
export class TaskLines {
  readonly #maxLineBytes: number;
  readonly #open = new Map<string, OpenLine>();

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that these entries complete. The entries' memory is not kept. */
  push(entries: Entries): TaskLine[] {
    const lines: TaskLine[] = [];
    for (const entry of entries) this.#push(entry, lines);
    return lines;
  }

  /** Lines that were left without an end: what follows is read anew. */
  end(): TaskLine[] {
    const lines = Array.from(this.#open.values(), (open) => this.#line(open, false));
    this.#open.clear();
    return lines;
  }

  #push(entry: Entry, lines: TaskLine[]): void {
    const { stream, timestamp, text, ended, attributes } = entry;
    const key = `${attributes?.[TASK] ?? ""} ${stream}`;
    let open = this.#open.get(key);
    if (open !== undefined && open.first.timestamp !== timestamp) {
      lines.push(this.#line(open, false));
      open = undefined;
    }
    open ??= { first: { ...entry, text: Buffer.alloc(0) }, parts: [], bytes: 0 };
    const room = this.#maxLineBytes + 1 - open.bytes;
    open.bytes += text.length;
    if (room > 0) open.parts.push(Buffer.from(text.subarray(0, room)));
    this.#open.set(key, open);
    if (!ended) return;
    this.#open.delete(key);
    lines.push(this.#line(open, true));
  }

  #line({ first, parts, bytes }: OpenLine, ended: boolean): TaskLine {
    const { stream, timestamp, attributes = NONE } = first;
    const text = Buffer.concat(parts);
    const isCut = bytes > this.#maxLineBytes;
    const returns = stream === "tty" && !isCut && text.at(-1) === RETURN ? 1 : 0;
    const end = isCut ? this.#maxLineBytes : text.length - returns;
    return {
      task: attributes[TASK] ?? "",
      node: attributes[NODE] ?? "",
      stream,
      timestamp,
      line: text.toString("utf8", 0, end),
      truncated: isCut || !ended,
      attributes,
    };
  }
}
