import type { LogBatch, LogRecord } from "../../index.ts";
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
/** Sent at once. */
const SENT_LINES = 400;
const SENT_CHARACTERS = 256 * 1024;

interface KeptLine {
  readonly number: number;
  readonly origin: Pick<LogRecord, "container" | "stream" | "timestamp">;
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
    const fresh = [...this.#byContainer.values()]
      .map((lines) => ({ lines, count: countAfter(lines, number) }))
      .filter(({ count }) => count > 0)
      .toSorted((one, other) => one.count - other.count);
    let room = SENT_LINES;
    const chosen = fresh.flatMap(({ lines, count }, index) => {
      const share = Math.min(count, Math.floor(room / (fresh.length - index)));
      room -= share;
      return share === 0 ? [] : lines.slice(-share);
    });
    const lines = newest(chosen.toSorted((one, other) => one.number - other.number));
    return { lines, skipped: this.#count - number - lines.length };
  }

  #keep(record: LogRecord): void {
    const { container, stream, timestamp, line } = record;
    const lines = this.#linesOf(container.id);
    const text = beginning(line);
    const bytes = LINE_BYTES + 2 * text.length;
    this.#count += 1;
    const leftOut = line.length - text.length;
    const origin = { container, stream, timestamp };
    lines.push({ number: this.#count, origin, text, leftOut, bytes });
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

function countAfter(lines: readonly KeptLine[], number: number): number {
  return lines.length - 1 - lines.findLastIndex((line) => line.number <= number);
}

/** As many of the newest as fit; at least one. */
function newest(lines: readonly KeptLine[]): ShownLine[] {
  const shown: ShownLine[] = [];
  let characters = 0;
  for (const line of lines.toReversed()) {
    const one = show(line);
    characters += one.text.length + LINE_BYTES;
    if (characters > SENT_CHARACTERS && shown.length > 0) break;
    shown.push(one);
  }
  return shown.toReversed();
}

function show({ number, origin, text, leftOut }: KeptLine): ShownLine {
  const { container, stream, timestamp } = origin;
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
