import type { ServiceLogRecord } from "./service-record.ts";

type Result = IteratorResult<ServiceLogRecord, undefined>;

interface Asker {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** So many records wait for the loop; then the socket is paused. */
const ROOM = 1_000;

/** Records of a service's log on their way to its loop. */
export class ServiceQueue implements AsyncIterableIterator<ServiceLogRecord, undefined> {
  readonly #left: () => void;
  #waiting: ServiceLogRecord[] = [];
  #at = 0;
  readonly #askers: Asker[] = [];
  #makeRoom: () => void = () => {};
  #end: { readonly failure?: { readonly error: unknown } } | undefined;

  /** `left`: the loop wants no more. */
  constructor(left: () => void) {
    this.#left = left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A promise where the loop has to make room before more comes. */
  push(records: readonly ServiceLogRecord[]): Promise<void> | undefined {
    if (this.#end !== undefined) return undefined;
    this.#waiting = [...this.#waiting.slice(this.#at), ...records];
    this.#at = 0;
    this.#serve();
    if (this.#waiting.length - this.#at < ROOM) return undefined;
    return new Promise((resolve) => {
      this.#makeRoom = resolve;
    });
  }

  /** No more come; those that wait are handed out. */
  end(): void {
    this.#end ??= {};
    this.#makeRoom();
    this.#serve();
  }

  /** Likewise; then the loop throws `error`. */
  fail(error: unknown): void {
    this.#end ??= { failure: { error } };
    this.#makeRoom();
    this.#serve();
  }

  next(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject });
      this.#serve();
    });
  }

  return(): Promise<Result> {
    this.#waiting = [];
    this.#at = 0;
    this.end();
    this.#left();
    return Promise.resolve({ done: true, value: undefined });
  }

  #serve(): void {
    while (this.#askers.length > 0) {
      const value = this.#waiting[this.#at];
      if (value === undefined && this.#end === undefined) break;
      const asker = this.#askers.shift();
      if (value !== undefined) {
        this.#at++;
        asker?.resolve({ done: false, value });
        continue;
      }
      const failure = this.#end?.failure;
      this.#end = {};
      if (failure === undefined) asker?.resolve({ done: true, value: undefined });
      else asker?.reject(failure.error);
    }
    if (this.#waiting.length - this.#at < ROOM / 2) this.#makeRoom();
  }
}
