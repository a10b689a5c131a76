import type { ContainerInfo, LogBatch, LogRecord, LogStream } from "../../index.ts";
import type { NewLines, ShownLine } from "./messages.ts";
import { beginning, shownText } from "./shown-text.ts";

/** All lines that are kept, in bytes. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** Of one container. */
const KEPT_LINES = 500;
/** Containers whose lines are kept: those that wrote last. */
const KEPT_CONTAINERS = 500;
/** Besides its text. */
const LINE_BYTES = 150;
/** Characters that are sent at once, and what a line counts besides its text: a page shows some hundred of them at once. */
const SENT_AT_ONCE = 256 * 1024;
const SENT_LINE = 600;

interface KeptLine {
  readonly number: number;
  readonly container: ContainerInfo;
  readonly stream: LogStream;
  readonly timestamp: string;
  readonly text: string;
  readonly leftOut: number;
  readonly bytes: number;
}

/**
 * The last lines of each container. A container that writes much takes no room from one that writes little: too many bytes are
 * taken from those that have more than their share.
 */
export class RecentLines {
  readonly #byContainer = new Map<string, KeptLine[]>();
  /** Who wrote last, and its lines: mostly it writes on. */
  #writer = "";
  #its: KeptLine[] = [];
  #count = 0;
  #bytes = 0;

  /** Lines taken so far. */
  get count(): number {
    return this.#count;
  }

  /** Bytes held, about. */
  get bytes(): number {
    return this.#bytes;
  }

  add(records: LogBatch): void {
    for (const record of records) this.#keep(record);
    if (this.#bytes > KEPT_BYTES) this.#shrink(KEPT_BYTES / 2 / this.#byContainer.size);
  }

  /** What came after the line of this number, as much of it as is sent at once, each container with its share. */
  after(number: number): NewLines {
    // Of those with as many, the one that wrote last is served first.
    const fresh = [...this.#byContainer.values()]
      .map((lines) => linesAfter(lines, number))
      .toReversed()
      .filter((lines) => lines.length > 0)
      .toSorted((one, other) => one.length - other.length);
    let room = SENT_AT_ONCE;
    const chosen = fresh.flatMap((lines, index) => {
      const { newest, cost } = newestOf(lines, room / (fresh.length - index));
      room -= cost;
      return newest;
    });
    const lines = chosen.toSorted((one, other) => one.number - other.number).map(show);
    return { lines, skipped: this.#count - number - lines.length };
  }

  #keep(record: LogRecord): void {
    const { container, stream, timestamp, line } = record;
    const lines = container.id === this.#writer ? this.#its : this.#linesOf(container.id);
    const text = beginning(line);
    const bytes = LINE_BYTES + 2 * text.length;
    this.#count += 1;
    const leftOut = line.length - text.length;
    const number = this.#count;
    lines.push({ number, container, stream, timestamp, text, leftOut, bytes });
    this.#bytes += bytes;
    // Many at once: taking the first of an array moves the others.
    if (lines.length >= 2 * KEPT_LINES) this.#drop(lines, lines.length - KEPT_LINES);
  }

  /** The container that wrote last is the map's last. */
  #linesOf(container: string): KeptLine[] {
    const lines = this.#byContainer.get(container) ?? [];
    this.#byContainer.delete(container);
    this.#byContainer.set(container, lines);
    if (this.#byContainer.size > KEPT_CONTAINERS) {
      for (const [oldest, its] of this.#byContainer) {
        this.#drop(its, its.length);
        this.#byContainer.delete(oldest);
        break;
      }
    }
    this.#writer = container;
    this.#its = lines;
    return lines;
  }

  #shrink(shareBytes: number): void {
    for (const lines of this.#byContainer.values()) {
      let bytes = 0;
      const first = lines.findLastIndex((line) => (bytes += line.bytes) > shareBytes);
      this.#drop(lines, first + 1);
    }
  }

  #drop(lines: KeptLine[], count: number): void {
    for (const { bytes } of lines.splice(0, count)) this.#bytes -= bytes;
  }
}

function linesAfter(lines: readonly KeptLine[], number: number): readonly KeptLine[] {
  return lines.slice(lines.findLastIndex((line) => line.number <= number) + 1);
}

/** The last one may be too much: so everybody has one at least, as long as there is room. */
function newestOf(
  lines: readonly KeptLine[],
  room: number,
): { readonly newest: readonly KeptLine[]; readonly cost: number } {
  let cost = 0;
  let from = lines.length;
  for (const { text } of lines.toReversed()) {
    if (cost >= room) break;
    cost += SENT_LINE + text.length;
    from -= 1;
  }
  return { newest: lines.slice(from), cost };
}

function show({ number, container, stream, timestamp, text, leftOut }: KeptLine): ShownLine {
  return {
    number,
    timestamp,
    container: container.id,
    name: shownText(container.name),
    stream,
    text: shownText(text),
    leftOut,
  };
}
