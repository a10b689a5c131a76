import { epochNanoseconds } from "../wire/timestamps.ts";
import type { Clock } from "./clock.ts";
import { LineJoiner } from "./line-joiner.ts";
import type { LogEntry } from "./log-entry.ts";
import type { Profile } from "./profile.ts";
import { byteLength, type Text, type TextParts } from "./text-parts.ts";
import { recordFormat } from "./timestamp-format.ts";
import type { FakeLine, FakeStream } from "./types.ts";

/** Between the parts of one line where each has a timestamp of its own and the first one's was given. */
const PART_NANOSECONDS = 1_000n;

interface UnfinishedLine {
  readonly time: bigint;
  readonly bytes: number;
}

/**
 * A container's log. All entries stay, for `written`; the engine holds those from `base` on.
 * Readers keep an index into `entries`, so that none of them buffers anything.
 */
export class ContainerLog {
  readonly entries: LogEntry[] = [];
  readonly #profile: Profile;
  readonly #clock: Clock;
  readonly #parts: TextParts;
  readonly #unfinished = new Map<FakeStream, UnfinishedLine>();
  /** Before which entries every unfinished line was left as it was. */
  readonly #stops: number[] = [];
  readonly #written: LineJoiner;
  #held: LineJoiner;
  #base = 0;

  constructor(profile: Profile, clock: Clock, parts: TextParts) {
    this.#profile = profile;
    this.#clock = clock;
    this.#parts = parts;
    this.#written = new LineJoiner(recordFormat(profile.timestamps), 0);
    this.#held = this.#written;
  }

  /** Index of the oldest entry that the engine still holds. */
  get base(): number {
    return this.#base;
  }

  get written(): readonly FakeLine[] {
    return this.#written.lines(this.entries, this.#stops);
  }

  get held(): readonly FakeLine[] {
    return this.#held.lines(this.entries, this.#stops);
  }

  write(text: string, stream: FakeStream, timestamp: string | undefined, partial: boolean): void {
    const time = timestamp === undefined ? undefined : epochNanoseconds(timestamp);
    if (!text.includes("\n")) {
      this.#writeLine(text, stream, time, !partial);
      return;
    }
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) this.#writeLine(line, stream, time, true);
    this.#writeLine(last, stream, time, !partial);
  }

  /** What is written from now on begins a new line. */
  leaveUnfinished(): void {
    if (this.#unfinished.size === 0) return;
    this.#unfinished.clear();
    this.#stops.push(this.entries.length);
  }

  truncate(keepLines: number): void {
    this.#base = keepLines > 0 ? this.#startOfLast(keepLines) : this.entries.length;
    this.#held = new LineJoiner(recordFormat(this.#profile.timestamps), this.#base);
  }

  #writeLine(text: string, stream: FakeStream, given: bigint | undefined, ended: boolean): void {
    if (text === "" && !ended) return;
    const before = this.#unfinished.get(stream);
    const parts = this.#parts.split(text);
    const ownTimes = this.#profile.flavour === "podman";
    const inherited = ownTimes ? undefined : before?.time;
    let time = given ?? inherited ?? this.#clock.next();
    let bytes = before?.bytes ?? 0;
    const lineTime = before?.time ?? time;
    const last = parts.length - 1;
    for (let index = 0; index <= last; index += 1) {
      const part: Text = parts[index] ?? "";
      if (index > 0 && ownTimes) {
        time = given === undefined ? this.#clock.next() : time + PART_NANOSECONDS;
      }
      const endsHere = ended && index === last;
      const writtenAt = performance.now();
      this.entries.push({ time, stream, text: part, ended: endsHere, offset: bytes, writtenAt });
      if (!endsHere) bytes += byteLength(part);
    }
    if (!ended) this.#unfinished.set(stream, { time: lineTime, bytes });
    else if (before !== undefined) this.#unfinished.delete(stream);
  }

  /** Index of the first entry that belongs to one of the last `count` finished lines. */
  #startOfLast(count: number): number {
    const starts: number[] = [];
    const open = new Map<FakeStream, number>();
    const leave = (): void => {
      starts.push(...open.values());
      open.clear();
    };
    const stops = new Set(this.#stops);
    for (let index = this.#base; index < this.entries.length; index += 1) {
      if (stops.has(index)) leave();
      const entry = this.entries[index];
      if (entry === undefined) continue;
      if (!entry.ended) {
        if (!open.has(entry.stream)) open.set(entry.stream, index);
      } else {
        starts.push(open.get(entry.stream) ?? index);
        open.delete(entry.stream);
      }
    }
    if (stops.has(this.entries.length)) leave();
    if (starts.length <= count) return this.#base;
    return starts
      .slice(-count)
      .reduce((first, start) => Math.min(first, start), this.entries.length);
  }
}
