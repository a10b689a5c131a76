import { isObject } from "../checks.ts";
import { DockspoolError, asSentence, messageOf } from "../errors.ts";
import { show } from "../printable.ts";
import { onAbort } from "../lifetime/abort.ts";
import { nextState, UNUSED } from "./store-state.ts";
import type { StoreCall, StoreEvent, StoreState } from "./store-state.ts";
import type { Checkpoint, CheckpointStore } from "./store.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** How long a call of a store may take, in milliseconds. One that lists keys: until the next key. */
export const ANSWER_WITHIN_MS = 30_000;

/** A call was given up; `answered` settles when the store answers it after all. */
export type GivenUp = (answered: Promise<unknown>) => void;

const never: AbortSignal = new AbortController().signal;

/** Asks a store. Every call ends by itself, whatever the store does; what it answers later is nobody's. */
export class StoreCalls {
  readonly #store: CheckpointStore;
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: StoreState = UNUSED;
  #isClosed = false;

  constructor(store: CheckpointStore) {
    this.#store = store;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE; the signal's reason */
  async load(key: string, signal: AbortSignal): Promise<Checkpoint | undefined> {
    const call = this.#ask("load", key);
    const found = await this.#answer(call, () => this.#store.load(key), signal);
    this.#tell({ type: "answered", call });
    // From JavaScript, or a database, anything may come.
    const value: unknown = found;
    if (value === undefined || value === null) return undefined;
    if (isObject(value)) return value;
    throw new DockspoolError(
      "CHECKPOINT_UNREADABLE",
      `The checkpoint saved as ${JSON.stringify(key)} is no object. Delete it to begin anew (by option "from").`,
    );
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE; the signal's reason */
  async keys(prefix: string, signal: AbortSignal): Promise<string[]> {
    const call = this.#ask("keys", prefix);
    const keys: string[] = [];
    const begin = (): AsyncIterator<string> => this.#store.keys(prefix)[Symbol.asyncIterator]();
    const iterator = await this.#answer(call, begin, signal);
    try {
      for (;;) {
        const key = await this.#answer(call, () => nextKey(iterator), signal);
        if (key === undefined) break;
        keys.push(key);
      }
    } catch (error) {
      // Not awaited: what does not give the next key may not end either.
      start(async () => iterator.return?.()).catch(() => {});
      throw error;
    }
    this.#tell({ type: "answered", call });
    return keys;
  }

  /** Where no answer comes, `givenUp` is called with what may still come. @throws DockspoolError CHECKPOINT_UNWRITABLE */
  async save(entries: ReadonlyMap<string, Checkpoint>, givenUp: GivenUp): Promise<void> {
    const call = this.#ask("save", undefined);
    await this.#answer(call, () => this.#store.save(entries), never, givenUp);
    this.#tell({ type: "answered", call });
  }

  /** As `save`. */
  async delete(keys: readonly string[], givenUp: GivenUp): Promise<void> {
    const call = this.#ask("delete", undefined);
    await this.#answer(call, () => this.#store.delete(keys), never, givenUp);
    this.#tell({ type: "answered", call });
  }

  /** What is under way keeps no process alive any more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.unref();
  }

  #ask(method: StoreCall["method"], key: string | undefined): StoreCall {
    const call = { method, key, since: steadyNow() };
    this.#tell({ type: "asked", call });
    return call;
  }

  #tell(event: StoreEvent): void {
    this.#state = nextState(this.#state, event, steadyNow());
  }

  async #answer<T>(
    call: StoreCall,
    work: () => Promise<T> | T,
    signal: AbortSignal,
    givenUp?: GivenUp,
  ): Promise<T> {
    try {
      return await this.#within(work, signal, givenUp);
    } catch (error) {
      if (signal.aborted) {
        this.#tell({ type: "left", call });
        throw signal.reason;
      }
      const isRead = call.method === "load" || call.method === "keys";
      const failure = isRead ? unreadable(error) : unwritable(error);
      this.#tell({ type: "failed", call, error: failure });
      throw failure;
    }
  }

  #within<T>(work: () => Promise<T> | T, signal: AbortSignal, givenUp?: GivenUp): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const answered = start(work);
      const end = (): void => {
        clearTimeout(timer);
        this.#timers.delete(timer);
        unlink();
      };
      const giveUp = (): void => {
        end();
        givenUp?.(answered);
        reject(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`));
      };
      const timer = setTimeout(giveUp, ANSWER_WITHIN_MS);
      this.#timers.add(timer);
      if (this.#isClosed) timer.unref();
      const unlink = onAbort(signal, () => {
        end();
        reject(signal.reason);
      });
      // After the end these change nothing.
      answered.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
  }
}

/** Undefined behind the last one. From JavaScript, or a database, anything may come. */
async function nextKey(iterator: AsyncIterator<unknown>): Promise<string | undefined> {
  const next: IteratorResult<unknown, unknown> = await iterator.next();
  if (next.done === true) return undefined;
  const { value } = next;
  if (typeof value === "string") return value;
  throw new DockspoolError(
    "CHECKPOINT_UNREADABLE",
    `The checkpoint store's keys() gave ${show(value)}; allowed: strings.`,
  );
}

async function start<T>(work: () => Promise<T> | T): Promise<T> {
  return work();
}

/** What is no error of ours may be over in a moment: a database that is being restarted. */
function unreadable(cause: unknown): DockspoolError {
  if (DockspoolError.is(cause, "CHECKPOINT_UNREADABLE")) return cause;
  return new DockspoolError(
    "CHECKPOINT_UNREADABLE",
    `The checkpoint store can't be read: ${asSentence(messageOf(cause))} Nothing is read without it, lest lines come again or are left out; it is asked again.`,
    { cause, transient: !DockspoolError.is(cause) || cause.transient },
  );
}

function unwritable(cause: unknown): DockspoolError {
  if (DockspoolError.is(cause, "CHECKPOINT_UNWRITABLE")) return cause;
  return new DockspoolError(
    "CHECKPOINT_UNWRITABLE",
    `The checkpoint store can't be written: ${asSentence(messageOf(cause))} Lines delivered since the last save come again after a crash.`,
    { cause, transient: true },
  );
}
