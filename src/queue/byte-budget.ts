import { onAbort } from "../lifetime/abort.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** Those that wait go on below this share of the limit: each of them has to open its stream anew. */
const LOW_WATER = 0.5;

/** Whether there is room. `since`: by `steadyNow()`. */
export interface RoomState {
  /** "full": from the moment the limit is reached until it has room again for all that wait. */
  readonly type: "flowing" | "full";
  readonly since: number;
}

/** Bytes that several may hold together. Those past the limit wait, first come, first served. */
export class ByteBudget {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #isWaking = false;
  #state: RoomState = { type: "flowing", since: steadyNow() };

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes >= this.#limit;
  }

  get state(): RoomState {
    return this.#state;
  }

  /** Somebody waits for room. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
    this.#observe();
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
    this.#observe();
    if (this.#bytes <= this.#limit * LOW_WATER) this.#wake();
  }

  /** Resolves when there is room, for one after the other. @throws the signal's reason */
  room(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(settle);
        this.#observe();
      };
      const settle = (): void => {
        leave();
        unlink();
        resolve();
      };
      this.#waiting.add(settle);
      const unlink = onAbort(signal, () => {
        leave();
        reject(signal.reason);
      });
    });
  }

  #observe(): void {
    const type = this.full || this.isAwaited ? "full" : "flowing";
    if (type !== this.#state.type) this.#state = { type, since: steadyNow() };
  }

  /** The next one is woken once it is counted what the one before it has taken. */
  #wake(): void {
    if (this.#isWaking || this.#waiting.size === 0) return;
    this.#isWaking = true;
    setImmediate(() => {
      this.#isWaking = false;
      if (this.full) return;
      const [next] = this.#waiting;
      next?.();
      this.#wake();
    });
  }
}
