import { afterEach, beforeEach } from "vitest";
import type { LogBatch, LogRecord, Sink, SinkContext } from "../../src/index.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eventually, toLines, turns } from "./fake-follow.ts";
import type { Line } from "./fake-follow.ts";

/** What a sink does with its `call`th batch, counted from 0. */
export type SinkAct = (
  records: LogBatch,
  context: SinkContext,
  call: number,
) => Promise<void> | void;

/** A sink that keeps what it is given. */
export class Collector {
  readonly sink: Sink;
  /** Of each call, failed ones included. */
  readonly calls: { readonly records: LogBatch; readonly context: SinkContext }[] = [];
  /** What was taken without a failure. */
  readonly batches: LogBatch[] = [];
  /** Calls that run now, and the most that ever ran at once. */
  running = 0;
  mostRunning = 0;

  constructor(act: SinkAct = () => {}) {
    this.sink = async (records, context) => {
      this.mostRunning = Math.max(this.mostRunning, ++this.running);
      try {
        await act(records, context, this.calls.push({ records, context }) - 1);
        this.batches.push(records);
      } finally {
        this.running--;
      }
    };
  }

  get records(): LogRecord[] {
    return this.batches.flat();
  }

  get texts(): string[] {
    return this.records.map(({ line }) => line);
  }

  /** How many records each batch had. */
  get sizes(): number[] {
    return this.batches.map(({ length }) => length);
  }

  /** The attempts' numbers, in the order of the calls. */
  get attempts(): number[] {
    return this.calls.map(({ context }) => context.attempt);
  }

  /** What came of one container. */
  of({ id }: FakeContainer): Line[] {
    return toLines(this.records.filter(({ container }) => container.id === id));
  }

  async has(count: number): Promise<void> {
    await eventually(
      () => this.records.length >= count,
      `${count} records, but ${this.records.length}`,
    );
  }

  async called(count: number): Promise<void> {
    await eventually(() => this.calls.length >= count, `${count} calls, but ${this.calls.length}`);
  }
}

/** A promise that its owner settles. */
export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Never settles: a sink that hangs. */
export const forever: Promise<void> = new Promise<void>(() => {});

/** What has become of a promise by now. */
export async function outcome(
  promise: Promise<unknown>,
): Promise<"resolved" | "pending" | "rejected"> {
  let state: "resolved" | "pending" | "rejected" = "pending";
  promise.then(
    () => (state = "resolved"),
    () => (state = "rejected"),
  );
  await turns(3);
  return state;
}

/** For each test of a file: warnings and rejections that nobody handles fail it. */
export function refuseUnhandled(): void {
  let seen: unknown[] = [];
  const note = (what: unknown): void => void seen.push(what);
  beforeEach(() => {
    seen = [];
    process.on("warning", note);
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    await turns(3);
    process.off("warning", note);
    process.off("unhandledRejection", note);
    if (seen.length > 0) throw new AggregateError(seen, "Nobody was to see these.");
  });
}

export function write(container: FakeContainer, count: number, first = 0): void {
  for (let index = first; index < first + count; index++)
    container.write(`line ${index}`, { stream: index % 3 === 2 ? "stderr" : "stdout" });
}

export function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
