import { expect } from "vitest";
import type { Dispatch } from "../../src/delivery/dispatch.ts";
import type { Delivery, LogBatch, SinkContext } from "../../src/index.ts";

export interface SinkPlan {
  readonly maxRecords: number;
  readonly maxWaitMs: number;
  readonly attempts: number;
  /** What becomes of what was given up. */
  readonly deadLetter: "none" | "takes" | "fails";
}

export const TIMEOUT_MS = 1_000;

interface Call {
  readonly records: LogBatch;
  readonly context: SinkContext;
  readonly settle: (how: "takes" | "fails") => void;
}

/** A sink that answers when the script says so, and what the model knows of it. */
export class ModelSink {
  readonly plan: SinkPlan;
  /** Every line before it, from where it joined, is delivered to it. */
  delivered: number;
  readonly #had: Set<number>;
  readonly #moved: () => void;
  readonly #faults: string[] = [];
  #delivery: Delivery | undefined;
  #call: Call | undefined;
  /** The batch that is tried again. */
  #again: { readonly records: LogBatch; readonly attempt: number } | undefined;
  #state: "running" | "ended" | "failed" = "running";
  /** Lines before these are to be delivered before a flush or its end. */
  readonly #flushes = new Set<number>();
  #stopAt: number | undefined;

  constructor(plan: SinkPlan, from: number, had: Set<number>, moved: () => void) {
    this.plan = plan;
    this.delivered = from;
    this.#had = had;
    this.#moved = moved;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** The position waits for it: also where it has failed. */
  get counts(): boolean {
    return this.#state !== "ended";
  }

  /** It has a batch in hand, or will have it again. */
  get isBusy(): boolean {
    return this.#call !== undefined || this.#again !== undefined;
  }

  /** It has to be busy: lines are at hand, and nothing is to be waited for. */
  readonly isOwed = (lines: number): boolean => {
    if (this.delivered >= lines) return false;
    const { maxRecords, maxWaitMs } = this.plan;
    const isFull = lines - this.delivered >= maxRecords && this.#stopAt === undefined;
    const isHurried = [...this.#flushes].some((until) => until > this.delivered);
    const isStopping = this.#stopAt !== undefined && this.#stopAt > this.delivered;
    return (isFull || isHurried || isStopping) && maxWaitMs > 0;
  };

  begin(dispatch: Dispatch): void {
    const { deadLetter, attempts, maxRecords, maxWaitMs } = this.plan;
    const delivery = dispatch.deliver((records, context) => this.#take(records, context), {
      maxRecords,
      maxWaitMs,
      timeoutMs: TIMEOUT_MS,
      retry: { attempts, minDelayMs: 0, maxDelayMs: 0 },
      ...(deadLetter === "none" ? {} : { deadLetter: (records) => this.#takeDead(records) }),
    });
    this.#delivery = delivery;
    delivery.done.then(
      () => this.#end("ended"),
      (error: unknown) => {
        // Those that another one's failure ends have all that was read.
        const isOwn = this.#again !== undefined || this.#call !== undefined;
        this.#end(isOwn || String(error).includes("killed") ? "failed" : "ended");
      },
    );
  }

  answer(how: "takes" | "fails"): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    if (!call.context.signal.aborted) {
      if (how === "takes") this.#has(call.records);
      else this.#again = { records: call.records, attempt: call.context.attempt };
    }
    call.settle(how);
  }

  flush(lines: number): void {
    // What comes after stop() is none of its lines.
    const until = Math.max(Math.min(lines, this.#stopAt ?? lines), this.delivered);
    this.#flushes.add(until);
    const settled = (): void => void this.#flushes.delete(until);
    this.#delivery?.flush().then(() => {
      settled();
      if (this.delivered < until)
        this.#faults.push(`flushed up to ${this.delivered}, not ${until}`);
    }, settled);
  }

  stop(lines: number): void {
    this.#stopAt ??= Math.max(lines, this.delivered);
    this.#delivery?.stop().catch(() => {});
  }

  /** What went wrong since it was asked last; and an attempt whose time was over has failed. */
  check(): void {
    expect(this.#faults).toEqual([]);
    const call = this.#call;
    if (call?.context.signal.aborted === true) {
      this.#call = undefined;
      this.#again ??= { records: call.records, attempt: call.context.attempt };
      call.settle("takes");
    }
  }

  checkEnd(lines: number): void {
    this.check();
    if (this.#state !== "ended") return;
    expect(this.delivered).toBeGreaterThanOrEqual(this.#stopAt ?? lines);
    expect(this.delivered).toBeLessThanOrEqual(lines);
  }

  #take(records: LogBatch, context: SinkContext): Promise<void> {
    this.#late();
    this.#see(records);
    if (this.#call !== undefined) this.#faults.push("two calls at once");
    const again = this.#again;
    this.#again = undefined;
    if (context.attempt !== (again?.attempt ?? 0) + 1)
      this.#faults.push(`attempt ${context.attempt} after ${again?.attempt ?? "none"}`);
    if (again !== undefined && again.records.length !== records.length)
      this.#faults.push("another batch at another attempt");
    return new Promise((resolve, reject) => {
      this.#call = {
        records,
        context,
        settle: (how) => (how === "takes" ? resolve() : reject(new Error("refused"))),
      };
    });
  }

  #takeDead(records: LogBatch): void {
    this.#late();
    this.#see(records);
    if (this.#again?.attempt !== this.plan.attempts)
      this.#faults.push(`given up after ${this.#again?.attempt ?? "none"}`);
    if (this.plan.deadLetter === "fails") throw new Error("full");
    this.#again = undefined;
    this.#has(records);
  }

  /** The attempt before may have been ended by its time. */
  #late(): void {
    if (this.#call?.context.signal.aborted !== true) return;
    const { records, context } = this.#call;
    this.#again = { records, attempt: context.attempt };
    this.#call = undefined;
  }

  /** The next lines, and no others. */
  #see(records: LogBatch): void {
    const expected = records.map((_, index) => `${this.delivered + index}`);
    const seen = records.map(({ line }) => line);
    if (seen.join() !== expected.join())
      this.#faults.push(`${seen.join()}, not ${expected.join()}`);
    if (seen.length > this.plan.maxRecords) this.#faults.push(`${seen.length} records`);
    if (seen.length === 0) this.#faults.push("an empty batch");
  }

  #has(records: LogBatch): void {
    for (let line = this.delivered; line < this.delivered + records.length; line++)
      this.#had.add(line);
    this.delivered += records.length;
    this.#moved();
  }

  #end(state: "ended" | "failed"): void {
    this.#state = state;
    this.#moved();
    if (state === "ended" && this.#stopAt !== undefined && this.delivered < this.#stopAt)
      this.#faults.push(`stopped at ${this.delivered}, not ${this.#stopAt}`);
  }
}
