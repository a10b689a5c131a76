import { expect, vi } from "vitest";
import { Dispatch } from "../../src/delivery/dispatch.ts";
import type { Supply } from "../../src/delivery/supply.ts";
import type { Position } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import { Batch } from "../../src/queue/batch.ts";
import { BatchBuffer } from "../../src/queue/buffer.ts";
import { Consumer } from "../../src/queue/consumer.ts";
import { SourceQueue } from "../../src/queue/source-queue.ts";
import { recordOf } from "./delivery-supply.ts";
import { turns } from "./fake-follow.ts";
import { ModelSink } from "./delivery-model-sink.ts";
import type { SinkPlan } from "./delivery-model-sink.ts";

/** A log of entries; only those that are `true` are of a chosen stream, and make a line. */
export type Log = boolean[];

const LINE_BYTES = 10;

function timestampOf(entry: number): string {
  return `2026-11-23T15:58:34.${String(entry).padStart(9, "0")}Z`;
}

/** How many entries there are before a place, each with a timestamp of its own. */
export function entriesBefore({ groups }: Position): number {
  const newest = groups.at(-1)?.timestamp;
  return newest === undefined ? 0 : Number(newest.slice(20, -1)) + 1;
}

function linesIn(log: Log, entries: number): number {
  return log.slice(0, entries).filter(Boolean).length;
}

/** One process, from a saved position on, beside what the model knows of it. */
export class Life {
  readonly #log: Log;
  readonly #buffer: BatchBuffer;
  readonly #consumer: Consumer;
  readonly #dispatch: Dispatch;
  readonly #trail: Trail;
  readonly #sinks: ModelSink[] = [];
  /** Lines that some sink has. */
  readonly #had = new Set<number>();
  readonly #begin: number;
  #entries: number;
  #lines: number;
  #taken: number;
  #isFailed = false;
  /** By the model: every line before it is delivered. */
  #delivered: number;

  constructor(log: Log, place: Position, bufferBytes: number) {
    this.#log = log;
    this.#buffer = new BatchBuffer(bufferBytes);
    this.#consumer = new Consumer(this.#buffer);
    this.#trail = new Trail("by-timestamp", place);
    this.#consumer.begin(this.#trail.clone());
    this.#entries = entriesBefore(place);
    this.#begin = linesIn(log, this.#entries);
    this.#lines = this.#begin;
    this.#taken = this.#begin;
    this.#delivered = this.#begin;
    this.#dispatch = new Dispatch(
      this.#counted(new SourceQueue(this.#buffer, this.#consumer).supply),
      {
        signal: undefined,
        retrying: () => {},
        failed: (error) => {
          this.#isFailed = true;
          this.#buffer.end({ failure: { error } });
        },
        saved: async () => {},
      },
    );
  }

  get position(): Position {
    const { position } = this.#consumer;
    if (position === undefined) throw new Error("no position");
    return position;
  }

  /** Reads so many entries: those that the log has, then new ones. The reader waits while the buffer is full. */
  read(fresh: readonly boolean[]): void {
    if (this.#buffer.full || this.#buffer.ended !== undefined) return;
    const from = this.#entries;
    this.#entries += fresh.length;
    for (let entry = from; entry < this.#entries; entry++)
      this.#log[entry] ??= fresh[entry - from] ?? true;
    const entries = fresh.map((_, index) => ({
      stream: this.#log[from + index] === true ? ("stdout" as const) : ("stderr" as const),
      timestamp: timestampOf(from + index),
      text: Buffer.from("x"),
      ended: true,
    }));
    const before = this.#trail.clone();
    this.#trail.add(entries);
    const ends = entries.flatMap(({ stream }, index) => (stream === "stdout" ? [index + 1] : []));
    const last = ends.at(-1);
    if (last === undefined) {
      this.#consumer.pass(this.#trail, entries.length);
      return;
    }
    const records = ends.map(() => recordOf(`${this.#lines++}`));
    const place = { entries, trail: this.#trail, before, bytes: ends.length * LINE_BYTES };
    this.#buffer.push(new Batch({ records, ends }, place));
  }

  join(plan: SinkPlan): void {
    const isFirst = !this.#sinks.some(({ counts }) => counts);
    const from = isFirst ? this.#delivered : this.#taken;
    const sink = new ModelSink(plan, from, this.#had, () => this.#moved());
    this.#sinks.push(sink);
    sink.begin(this.#dispatch);
  }

  /** One of those that run. */
  #running(index: number): ModelSink | undefined {
    const running = this.#sinks.filter(({ isRunning }) => isRunning);
    return running[index % Math.max(1, running.length)];
  }

  answer(index: number, how: "takes" | "fails"): void {
    this.#running(index)?.answer(how);
  }

  flush(index: number): void {
    this.#running(index)?.flush(this.#lines);
  }

  stop(index: number): void {
    this.#running(index)?.stop(this.#lines);
  }

  /** Time goes by, and everything that can happen has; then the model and what it is of have to agree. */
  async settle(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
    await turns(1);
    for (const sink of this.#sinks) sink.check();
    expect(linesIn(this.#log, entriesBefore(this.position))).toBe(this.#delivered);
    expect(this.#consumer.delivered).toBe(this.#delivered - this.#begin);
    for (let line = this.#begin; line < this.#delivered; line++)
      if (!this.#had.has(line)) throw new Error(`Line ${line} is delivered, and no sink has it.`);
    const running = this.#sinks.filter(({ isRunning }) => isRunning);
    // Where reading waits, some sink is to make room.
    if (this.#buffer.full && running.length > 0 && !this.#isFailed)
      expect(running.some(({ isBusy }) => isBusy)).toBe(true);
    for (const { isOwed, isBusy } of running) if (isOwed(this.#lines)) expect(isBusy).toBe(true);
  }

  /** Nothing more is read, and all sinks take what they get. */
  async finish(): Promise<void> {
    this.#buffer.end({});
    for (let round = 0; this.#sinks.some(({ isRunning }) => isRunning); round++) {
      if (round > 10_000) throw new Error("A sink does not come to its end.");
      for (const sink of this.#sinks) sink.answer("takes");
      await this.settle(2);
    }
    for (const sink of this.#sinks) sink.checkEnd(this.#lines);
  }

  /** As `kill -9`: what sinks still say is not heard. */
  async kill(): Promise<void> {
    const { position } = this;
    this.#dispatch.abort(new Error("killed"));
    await turns(1);
    for (const sink of this.#sinks) sink.answer("takes");
    await turns(1);
    expect(this.position).toEqual(position);
  }

  /** A line is delivered once all sinks have it that are not over. */
  #moved(): void {
    const counting = this.#sinks.filter(({ counts }) => counts);
    if (counting.length === 0) return;
    const slowest = Math.min(...counting.map(({ delivered }) => delivered));
    this.#delivered = Math.max(this.#delivered, slowest);
  }

  /** Counts the lines that were taken. */
  #counted(supply: Supply): Supply {
    return {
      take: () => {
        const batch = supply.take();
        this.#taken += batch?.records.length ?? 0;
        return batch;
      },
      holdsFrom: (time) => supply.holdsFrom(time),
      available: () => supply.available(),
      get ended() {
        return supply.ended;
      },
    };
  }
}
