import type { LogEntry } from "./log-entry.ts";
import { byteLength } from "./text-parts.ts";
import type { TimestampFormat } from "./timestamp-format.ts";
import type { FakeLine, FakeStream } from "./types.ts";

/** Longer lines are joined each time `line` is asked for, and not kept. */
const KEPT_BYTES = 1024 * 1024;

/** UTF-8 has no half of a surrogate pair: it was sent as U+FFFD. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Joins a log's entries to lines, in the order in which the lines were finished. */
export class LineJoiner {
  readonly #format: TimestampFormat;
  readonly #lines: FakeLine[] = [];
  readonly #unfinished = new Map<FakeStream, LogEntry[]>();
  #next: number;
  #snapshot: readonly FakeLine[] = [];

  constructor(format: TimestampFormat, from: number) {
    this.#format = format;
    this.#next = from;
  }

  /** `stops`: before which entries (by index, ascending) every unfinished line was left as it was. */
  lines(entries: readonly LogEntry[], stops: readonly number[]): readonly FakeLine[] {
    let stop = stops.findIndex((index) => index >= this.#next);
    for (;;) {
      if (stop !== -1 && stops[stop] === this.#next) {
        this.#leaveUnfinished();
        stop += 1;
      }
      if (this.#next >= entries.length) break;
      this.#add(entries[this.#next]);
      this.#next += 1;
    }
    if (this.#snapshot.length !== this.#lines.length) this.#snapshot = this.#lines.slice();
    return this.#snapshot;
  }

  #add(entry: LogEntry | undefined): void {
    if (entry === undefined) return;
    const before = this.#unfinished.get(entry.stream);
    if (!entry.ended) {
      if (before === undefined) this.#unfinished.set(entry.stream, [entry]);
      else before.push(entry);
      return;
    }
    this.#unfinished.delete(entry.stream);
    this.#lines.push(this.#line(entry, before === undefined ? [entry] : [...before, entry]));
  }

  #leaveUnfinished(): void {
    for (const parts of this.#unfinished.values()) {
      const [first] = parts;
      if (first !== undefined) this.#lines.push(this.#line(first, parts));
    }
    this.#unfinished.clear();
  }

  #line(last: LogEntry, parts: readonly LogEntry[]): FakeLine {
    const timestamp = this.#format.format((parts[0] ?? last).time);
    const { stream } = last;
    const bytes =
      parts.length === 1 ? 0 : parts.reduce((sum, { text }) => sum + byteLength(text), 0);
    if (bytes <= KEPT_BYTES) return { timestamp, stream, line: join(parts) };
    return {
      timestamp,
      stream,
      get line() {
        return join(parts);
      },
    };
  }
}

function join(parts: readonly LogEntry[]): string {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && typeof only.text === "string") {
    return LONE_SURROGATE.test(only.text) ? Buffer.from(only.text).toString() : only.text;
  }
  return Buffer.concat(
    parts.map(({ text }) => (typeof text === "string" ? Buffer.from(text) : text)),
  ).toString();
}
