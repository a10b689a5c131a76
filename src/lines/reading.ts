import type { Inspection } from "../engine/inspection.ts";
import { joiningOf } from "../engine/traits.ts";
import { behindLeft, endsWithLeft, isNoMore, leftLine } from "../resume/left-lines.ts";
import type { LeftLine } from "../resume/left-lines.ts";
import { LOG_START, groupedEntries, reach, reachOfLeft } from "../resume/position.ts";
import type { Position, Spot } from "../resume/position.ts";
import { Trail } from "../resume/trail.ts";
import type { Entries, Entry, LogStream } from "../wire/entry.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import { LineAssembler } from "../wire/lines.ts";
import type { Joining } from "../wire/open-lines.ts";
import type { ContainerInfo, LineRecord } from "../wire/records.ts";
import { wholeLines } from "../wire/whole-lines.ts";
import { Handover } from "./handover.ts";
import type { Made } from "./handover.ts";
import { LeftText } from "./left-text.ts";
import type { LineOptions, ReadingOutput, Start } from "./line-options.ts";
import { chosenLines, makeLines } from "./made-lines.ts";
import type { MadeLines } from "./made-lines.ts";
import { Multiline } from "./multiline.ts";
import { PlaceReplay, STREAMS, earliest } from "./place-replay.ts";
import { skipPast } from "./skip.ts";
import type { Skip } from "./skip.ts";

/** What has been read of a container's log, over all its streams: the place, the lines in progress, the records made. */
export class Reading {
  readonly joining: Joining;
  readonly #output: ReadingOutput;
  readonly #handover: Handover;
  readonly #options: LineOptions;
  #assembler: LineAssembler;
  #info: ContainerInfo;
  #trail: Trail | undefined;
  #skip: Skip | undefined;
  /** The lines open at the place are not in the assembler yet. */
  #cold = true;
  /** What a follow that came to its end has left undecided: a last line without its end. */
  #remains: (() => readonly Entry[]) | undefined;
  readonly #left = new LeftText(() => this.#trail);
  readonly #multiline: Multiline | undefined;
  #replay: PlaceReplay | undefined;

  constructor({ info, traits }: Inspection, options: LineOptions, output: ReadingOutput) {
    this.#info = info;
    this.joining = joiningOf(traits, info.logDriver);
    this.#options = options;
    this.#multiline =
      options.multiline &&
      new Multiline(options.multiline, {
        quietSince: output.quietSince,
        due: (streams) => this.#endDue(streams),
      });
    this.#output = output;
    this.#handover = new Handover({ ...output, isHolding: () => this.#isHolding });
    this.#assembler = this.#newAssembler();
  }

  /** What was handed over. */
  get made(): Made {
    return this.#handover;
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

  /** How many entries a reread must show from the place back. */
  get entriesBefore(): number {
    const { place } = this;
    const before = this.#cold ? reach(place) : groupedEntries(place);
    return Math.max(before, reachOfLeft(place)) + 1;
  }

  /** A line has begun and not ended. */
  get hasOpenLines(): boolean {
    return this.#left.unended.size > 0 || (this.position?.open.length ?? 0) > 0;
  }

  /** Of `entries[from..]`, which follow the place, those that are new: a run's last line that was taken without its end is none. */
  fresh(entries: Entries, from: number): ReturnType<LeftText["fresh"]> {
    return this.#left.fresh(entries, from);
  }

  /**
   * The first of `entries[from..]`, which follow the place, that shows that the log begins later than it did: what a run has left
   * without an end is not where it was, and no entry stands before the place, which would have told.
   */
  behindLoss(entries: Entries, from: number): Entry | undefined {
    if (this.#left.isNone || this.place.groups.length > 0) return undefined;
    return this.#left.inItsPlace(entries.slice(from));
  }

  /** A reread begins, at some place before this one. */
  beginReplay(): void {
    this.#remains = undefined;
    if (!this.#cold) return;
    this.#assembler = this.#newAssembler();
    this.#replay = new PlaceReplay(this.place, this.#assembler);
  }

  /** Entries before the place, reread: what was open there is begun again. */
  replay(entries: Entries, count: number): void {
    if (this.#cold) this.#replay?.add(entries, count, this.#info);
  }

  /** The place is found. False where the beginning of what is open there was not among what was replayed. */
  found(): boolean {
    const replay = this.#replay;
    if (!this.#cold || replay === undefined) return true;
    replay.finish(this.#info);
    if (replay.tornLines.length > 0 || replay.tornBlocks.length > 0) return false;
    for (const { stream, timestamp } of replay.tornBefore) this.#assembler.tear(stream, timestamp);
    this.#warmUp(replay);
    return true;
  }

  /**
   * Goes on with what there is of lines and records whose beginning is gone. Returns when the first of them began, of those that
   * were asked for.
   */
  acceptIncomplete(): string | undefined {
    const replay = this.#replay;
    if (!this.#cold || replay === undefined) return undefined;
    const { tornLines, tornBlocks } = replay;
    for (const { stream, timestamp } of [...replay.tornBefore, ...tornLines])
      this.#tear(stream, timestamp);
    this.#warmUp(replay);
    for (const { stream } of tornBlocks) this.#multiline?.tear(stream);
    return earliest([...tornLines, ...tornBlocks], this.#options.streams);
  }

  /** For another place of a log that is read from its start. */
  newTrail(): Trail {
    return new Trail(this.joining, LOG_START);
  }

  /** The place is gone: reading goes on at another one. What was open at the one, or is at the other, has lost some of it. */
  restart(trail: Trail): void {
    const open = [...this.place.open, ...(trail.position?.open ?? [])];
    this.#remains = undefined;
    this.tearOpenLines();
    this.#trail = trail;
    this.#cold = false;
    for (const { stream, timestamp } of open) this.#tear(stream, timestamp);
  }

  /** Something is missing here, and the place is the same: what is open has lost its end. */
  tearOpenLines(): void {
    this.#assembler.tearOpen();
    this.endOpenLines();
    for (const stream of STREAMS) this.#multiline?.tear(stream);
  }

  #tear(stream: LogStream, timestamp: string): void {
    this.#assembler.tear(stream, timestamp);
    this.#trail?.tear(stream, timestamp);
  }

  /** Takes `entries[from..]`, which follow the place, into the buffer. `spot`: where in the files `entries` begin. */
  commit(entries: Entries, from: number, spot?: Spot): void {
    const trail = this.#trail;
    if (trail === undefined || from >= entries.length) return;
    trail.spot = spot;
    const fresh = entries.slice(from);
    if (!this.#left.isNone || endsWithLeft(fresh)) return this.#commitAroundLeft(fresh, trail);
    this.#commitFresh(fresh, trail);
  }

  #commitFresh(fresh: Entries, trail: Trail): void {
    if (fresh.length === 0) return;
    const before = trail.clone();
    this.#output.came(fresh);
    if (this.#takesWhole(fresh)) return this.#commitWhole(fresh, before, trail);
    const base = this.#assembler.count;
    const made = makeLines(this.#assembler, fresh, this.#info);
    trail.add(fresh);
    const last = fresh.at(-1);
    this.#emit(made, fresh, before, trail, base);
    if (last !== undefined) this.#endDue(this.#multiline?.late(last.timestamp) ?? []);
  }

  /** What was left without an end is no place; the entry that goes on with it is one, though only its rest is new. */
  #commitAroundLeft(entries: Entries, trail: Trail): void {
    let done = 0;
    for (const [index, entry] of Array.from(entries).entries()) {
      const known = this.#left.of(entry.stream);
      if (known === undefined && entry.leftSince === undefined) continue;
      this.#commitFresh(entries.slice(done, index), trail);
      done = index + 1;
      if (!isNoMore(entry, known)) this.#commitBehindLeft(entry, behindLeft(entry, known), trail);
    }
    this.#commitFresh(entries.slice(done), trail);
  }

  /** `shown`: what is new of `entry`. */
  #commitBehindLeft(entry: Entry, shown: Entry, trail: Trail): void {
    const before = trail.clone();
    this.#output.came([shown]);
    const base = this.#assembler.count;
    const left = leftLine(entry);
    if (left === undefined) {
      this.#left.unended.delete(entry.stream);
      trail.add([entry]);
    } else this.#left.unended.set(entry.stream, left);
    const isNothing = shown.text.length === 0 && !shown.ended;
    const made = makeLines(this.#assembler, isNothing ? [] : [shown], this.#info);
    this.#emit(made, [left === undefined ? entry : shown], before, trail, base);
  }

  /** All of them are lines as they stand, and records of their own. */
  #takesWhole(entries: Entries): entries is FrameEntries {
    return (
      entries instanceof FrameEntries &&
      this.#multiline === undefined &&
      this.#skip === undefined &&
      entries.summary.streams.every(({ stream }) => this.#options.streams.has(stream)) &&
      this.#assembler.takesWhole(entries)
    );
  }

  /** Makes the records only when they are asked for: what waits in the buffer is as it came. */
  #commitWhole(entries: FrameEntries, before: Trail, trail: Trail): void {
    this.#assembler.passWhole(entries);
    trail.add(entries);
    const [info, { encoding }] = [this.#info, this.#options];
    const make = (count: number): LineRecord[] => wholeLines(entries, count, info, encoding);
    this.#handover.hand({ make, count: entries.length }, entries, before, trail);
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
    const began: number[] = [];
    this.#assembler.flush(this.#info, records, began);
    for (const [index, record] of records.entries()) {
      const before = trail.clone();
      trail.endOpenLine(record.stream);
      const first = began[index] ?? 0;
      const left = this.#takeUnended(record.stream, trail);
      const made = { records: [record], ends: [0], shownBehind: [0], began: [first], left };
      this.#emit(made, [], before, trail, this.#assembler.count);
    }
    for (const stream of STREAMS) trail.endOpenLine(stream);
    this.endBlocks(undefined, this.#left.unended);
    // Of streams that nobody asked for.
    this.#left.settle();
    trail.blocks = [];
  }

  /** What was left without an end is taken with the next record; with `multiline` with the one that it is a line of. */
  #takeUnended(stream: LogStream, trail: Trail): LeftLine | undefined {
    const left = this.#left.unended.get(stream);
    if (left === undefined || this.#multiline !== undefined) return undefined;
    this.#left.unended.delete(stream);
    trail.leave(left);
    return left;
  }

  /** Records of several lines go on no more; those of `streams`, or all. `left`: what some of them end with. */
  endBlocks(
    streams: readonly LogStream[] = this.#multiline?.streams ?? [],
    left: ReadonlyMap<LogStream, LeftLine> = new Map(),
  ): void {
    const multiline = this.#multiline;
    const trail = this.#trail;
    if (multiline === undefined || trail === undefined) return;
    for (const stream of streams) {
      const before = trail.clone();
      const record = multiline.end(stream);
      const blocks = multiline.openAt(this.#assembler.count);
      trail.blocks = blocks;
      if (record === undefined) continue;
      const line = left.get(stream);
      if (line !== undefined) trail.leave(line);
      const joins = [{ blocks, isInLine: true }];
      const joined = { records: [record], ends: [0], joins, left: line };
      this.#handover.hand(joined, [], before, trail);
    }
  }

  /** The container has started anew. */
  startsRun(timestamp: string): void {
    this.#multiline?.startsRun(timestamp);
  }

  /** A line that is coming in may be the next. */
  #endDue(streams: readonly LogStream[]): void {
    this.endBlocks(streams.filter((stream) => this.#assembler.openBytes(stream) === 0));
  }

  /** Nothing more is read. */
  close(): void {
    this.#multiline?.close();
  }

  #newAssembler(): LineAssembler {
    const { maxLineBytes, encoding } = this.#options;
    return new LineAssembler({ maxLineBytes, encoding, joining: this.joining });
  }

  #emit(made: MadeLines, entries: Entries, before: Trail, trail: Trail, base: number): void {
    for (const line of this.#assembler.cut.splice(0)) this.#output.truncated(line);
    const isChosen = (record: LineRecord): boolean =>
      this.#options.streams.has(record.stream) && !this.#skips(record);
    const lines = chosenLines(made, isChosen);
    if (this.#multiline === undefined) {
      const records = lines.map(({ record }) => record);
      const ends = lines.map(({ end }) => end);
      const { left } = made;
      return this.#handover.hand({ records, ends, left }, entries, before, trail);
    }
    const joined = this.#multiline.join(lines, base);
    trail.blocks = this.#multiline.openAt(this.#assembler.count);
    this.#handover.hand(joined, entries, before, trail);
  }

  get #isHolding(): boolean {
    const isInLine = STREAMS.some((stream) => this.#assembler.openBytes(stream) > 0);
    return isInLine || (this.#multiline?.streams ?? []).length > 0;
  }

  /** The place is found: what was open there goes on. */
  #warmUp(replay: PlaceReplay): void {
    this.#cold = false;
    const trail = this.#trail;
    const blocks = this.position?.blocks ?? [];
    if (trail === undefined || blocks.length === 0) return;
    const before = trail.clone();
    trail.blocks = [];
    const isJoining = blocks.every((block) => this.#multiline?.holds(replay.blocks.linesOf(block)));
    if (this.#multiline === undefined || !isJoining) {
      this.#handover.hand(replay.blocks.singly(this.#options.streams), [], before, trail);
      return;
    }
    for (const block of blocks)
      if (this.#options.streams.has(block.stream))
        this.#multiline.resume(replay.blocks.linesOf(block));
    trail.blocks = this.#multiline.openAt(this.#assembler.count);
  }

  /** True for a record before the beginning that was asked for. */
  #skips(record: LineRecord): boolean {
    if (this.#skip === undefined) return false;
    const { isSkipped, rest } = skipPast(this.#skip, record);
    this.#skip = rest;
    return isSkipped;
  }
}
