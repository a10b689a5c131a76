import type { Inspection } from "../engine/inspection.ts";
import { joiningOf } from "../engine/traits.ts";
import { Trail } from "../resume/trail.ts";
import { LOG_START, groupedEntries, reach } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import type { Entry, LogStream } from "../wire/entry.ts";
import { LineAssembler } from "../wire/lines.ts";
import type { CutLine } from "../wire/lines.ts";
import type { Joining } from "../wire/open-lines.ts";
import type { ContainerInfo, LineRecord } from "../wire/records.ts";
import { compareTimestamps } from "../wire/timestamps.ts";
import type { BatchBuffer } from "./buffer.ts";
import type { Consumer } from "./consumer.ts";
import { Flow } from "./flow.ts";
import { Lag } from "./lag.ts";
import type { ResolvedOptions } from "./options.ts";
import { ReplayGuard } from "./replay-guard.ts";

/** Records at the beginning that the caller did not ask for. */
export type Skip = { readonly lines: number } | { readonly before: string };

/** Where reading begins. */
export interface Start {
  readonly position: Position;
  readonly skip?: Skip | undefined;
}

interface Output {
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly truncated: (line: CutLine) => void;
}

const STREAMS: readonly LogStream[] = ["stdout", "stderr", "tty"];

/** What has been read of a container's log, over all its streams: the place, the lines in progress, the records made. */
export class Reading {
  readonly flow: Flow = new Flow();
  readonly joining: Joining;
  readonly lag: Lag;
  /** For logs that the engine rotates. */
  readonly guard: ReplayGuard | undefined;
  readonly #output: Output;
  readonly #options: ResolvedOptions;
  #assembler: LineAssembler;
  #info: ContainerInfo;
  #trail: Trail | undefined;
  #skip: Skip | undefined;
  /** The lines open at the place are not in the assembler yet. */
  #cold = true;
  #lines = 0;
  #bytes = 0;
  /** What a follow that came to its end has left undecided: a last line without its end. */
  #remains: (() => readonly Entry[]) | undefined;

  constructor(
    { info, traits, maxLogFileBytes }: Inspection,
    options: ResolvedOptions,
    output: Output,
  ) {
    this.#info = info;
    this.joining = joiningOf(traits, info.logDriver);
    this.lag = new Lag(maxLogFileBytes);
    this.guard = maxLogFileBytes === undefined ? undefined : new ReplayGuard();
    this.#options = options;
    this.#output = output;
    this.#assembler = this.#newAssembler();
  }

  get lines(): number {
    return this.#lines;
  }

  get bytes(): number {
    return this.#bytes;
  }

  set info(info: ContainerInfo) {
    this.#info = info;
  }

  /** Undefined until `begin`. */
  get position(): Position | undefined {
    return this.#trail?.position;
  }

  /** The place that was reached. */
  get place(): Position {
    const { position } = this;
    if (position === undefined) throw new TypeError("Reading has not begun.");
    return position;
  }

  begin({ position, skip }: Start): void {
    this.#trail = new Trail(this.joining, position);
    this.#skip = skip;
    this.#output.consumer.begin(this.#trail.clone());
  }

  /** How many entries a reread asks for, so that it shows the place and all behind it. */
  tailEntries(): number {
    const { place } = this;
    return (this.#cold ? reach(place) : groupedEntries(place)) + 1 + this.flow.expected();
  }

  /** A reread begins, at some place before this one. */
  beginReplay(): void {
    this.#remains = undefined;
    if (this.#cold) this.#assembler = this.#newAssembler();
  }

  /** Entries before the place, reread: where lines were open there, their beginnings come again. */
  replay(entries: readonly Entry[], count: number): void {
    if (!this.#cold) return;
    const discarded: LineRecord[] = [];
    for (let index = 0; index < count; index++) {
      const entry = entries[index];
      if (entry !== undefined) this.#assembler.push(entry, this.#info, discarded);
    }
    this.#assembler.cut.length = 0;
  }

  /** The place is found. False where the beginning of a line that was open there was not among what was replayed. */
  found(): boolean {
    if (!this.#cold) return true;
    let complete = true;
    for (const stream of STREAMS) {
      const expected = this.position?.open.find((line) => line.stream === stream)?.bytes ?? 0;
      if (expected === 0) this.#assembler.drop(stream);
      else if (this.#assembler.openBytes(stream) < expected) complete = false;
    }
    if (complete) this.#cold = false;
    return complete;
  }

  /** Goes on with what there is of lines whose beginning is gone. */
  acceptIncomplete(): void {
    this.#cold = false;
  }

  /** For another place of a log that is read from its start. */
  newTrail(): Trail {
    return new Trail(this.joining, LOG_START);
  }

  /** The place is gone: reading goes on at another one. */
  restart(trail: Trail): void {
    this.beginReplay();
    this.endOpenLines();
    this.#trail = trail;
    this.#cold = false;
  }

  /** Takes `entries[from..]`, which follow the place, into the buffer. */
  commit(entries: readonly Entry[], from: number): void {
    const trail = this.#trail;
    if (trail === undefined || from >= entries.length) return;
    const before = trail.clone();
    const fresh = entries.slice(from);
    const records: LineRecord[] = [];
    const ends: number[] = [];
    for (const [index, entry] of fresh.entries()) {
      this.#assembler.push(entry, this.#info, records);
      // Without a newline a line had ended before the entry that shows it.
      const own = entry.ended ? 1 : 0;
      while (ends.length < records.length - own) ends.push(index);
      if (own === 1) ends.push(index + 1);
    }
    trail.add(fresh);
    const last = fresh.at(-1);
    if (last !== undefined) this.flow.came(fresh.length, Date.parse(last.timestamp));
    this.#emit(records, ends, fresh, before, trail);
  }

  /** A follow came to its end; `remains` gives what it has left undecided. */
  ended(remains: () => readonly Entry[]): void {
    this.#remains = remains;
  }

  /** No open line goes on: the container has stopped, or the log is read no further. */
  endOpenLines(): void {
    this.commit(this.#remains?.() ?? [], 0);
    this.#remains = undefined;
    const trail = this.#trail;
    if (trail === undefined) return;
    // Until the place is found the assembler holds what was replayed, of before it.
    if (this.#cold) this.#assembler = this.#newAssembler();
    const records: LineRecord[] = [];
    this.#assembler.flush(this.#info, records);
    for (const record of records) {
      const before = trail.clone();
      trail.endOpenLine(record.stream);
      this.#emit([record], [0], [], before, trail);
    }
    for (const stream of STREAMS) trail.endOpenLine(stream);
  }

  #newAssembler(): LineAssembler {
    const { maxLineBytes, encoding } = this.#options;
    return new LineAssembler({ maxLineBytes, encoding, joining: this.joining });
  }

  #emit(all: LineRecord[], allEnds: number[], entries: Entry[], before: Trail, trail: Trail): void {
    for (const line of this.#assembler.cut.splice(0)) this.#output.truncated(line);
    const records: LineRecord[] = [];
    const ends: number[] = [];
    for (const [index, record] of all.entries()) {
      if (!this.#options.streams.has(record.stream) || this.#skips(record)) continue;
      records.push(record);
      ends.push(allEnds[index] ?? entries.length);
    }
    const bytes = entries.reduce((sum, entry) => sum + entry.text.length, 0);
    if (records.length === 0) {
      this.#output.consumer.pass(trail, entries.length);
      return;
    }
    this.#lines += records.length;
    this.#bytes += bytes;
    const passed = entries.length - (ends.at(-1) ?? 0);
    const arrivedAt = performance.now();
    this.#output.buffer.push({
      records,
      ends,
      entries,
      trail,
      before,
      bytes,
      begunAt: arrivedAt,
      arrivedAt,
      passed,
    });
  }

  /** True for a record before the beginning that was asked for. */
  #skips(record: LineRecord): boolean {
    const skip = this.#skip;
    if (skip === undefined) return false;
    if ("before" in skip) {
      if (compareTimestamps(record.timestamp, skip.before) < 0) return true;
      this.#skip = undefined;
      return false;
    }
    this.#skip = skip.lines > 1 ? { lines: skip.lines - 1 } : undefined;
    return skip.lines > 0;
  }
}
