import type { EngineEventGap, EngineEventRecord } from "./event-record.ts";

type Result = IteratorResult<EngineEventRecord, undefined>;

const END: Result = { done: true, value: undefined };

/** Events on their way to one loop: no more than it has room for wait, and what is lost is told where it stood. */
export class EventQueue implements AsyncIterableIterator<EngineEventRecord, undefined> {
  readonly #room: number;
  readonly #left: () => void;
  #waiting: EngineEventRecord[] = [];
  /** What made way for others, by engine. */
  readonly #lost = new Map<string, EngineEventGap>();
  /** When the last one was that was handed out, by engine. */
  readonly #handed = new Map<string, string>();
  readonly #askers: ((result: Result) => void)[] = [];
  #isEnded = false;

  /** `left`: the loop wants no more. */
  constructor(room: number, left: () => void) {
    this.#room = room;
    this.#left = left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(record: EngineEventRecord): void {
    if (this.#isEnded) return;
    this.#waiting.push(record);
    const oldest = this.#waiting.length > this.#room ? this.#waiting.shift() : undefined;
    if (oldest !== undefined) this.#drop(oldest);
    this.#serve();
  }

  /** No more come: those that wait are handed out. */
  end(): void {
    this.#isEnded = true;
    this.#serve();
  }

  next(): Promise<Result> {
    return new Promise((resolve) => {
      this.#askers.push(resolve);
      this.#serve();
    });
  }

  return(): Promise<Result> {
    this.#waiting = [];
    this.#lost.clear();
    this.end();
    this.#left();
    return Promise.resolve(END);
  }

  #serve(): void {
    while (this.#askers.length > 0) {
      const record = this.#take();
      if (record === undefined && !this.#isEnded) return;
      this.#askers.shift()?.(record === undefined ? END : { done: false, value: record });
    }
  }

  #take(): EngineEventRecord | undefined {
    const [gap] = this.#lost.values();
    if (gap !== undefined) {
      this.#lost.delete(gap.engine);
      return gap;
    }
    const record = this.#waiting.shift();
    if (record?.kind === "event") this.#handed.set(record.engine, record.timestamp);
    return record;
  }

  #drop(record: EngineEventRecord): void {
    const { engine } = record;
    const before = this.#lost.get(engine);
    const after = before?.after ?? this.#handed.get(engine);
    const known = before === undefined ? 0 : before.lost;
    // A gap among them may be of any size.
    const lost = record.kind === "gap" || known === undefined ? undefined : known + 1;
    this.#lost.set(engine, { kind: "gap", engine, after, lost });
  }
}
