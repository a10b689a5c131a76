import { MAX_TIMER_MS } from "../checks.ts";
import { onAbort } from "../lifetime/abort.ts";

interface Wait {
  readonly ms: number;
  readonly reason: string;
  /** Asked when the time is over: true ends the looking, not the wait. */
  readonly maySleep: () => boolean;
}

const never = (): boolean => false;

/**
 * A signal that aborts with its parent, and when nothing has come for too long. The time begins anew with each byte; it stands
 * still while the reader itself holds the bytes up.
 */
export class ByteDeadline {
  readonly #controller = new AbortController();
  readonly #unlink: () => void;
  #wait: Wait | undefined;
  #timer: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
  /** Counts what has come. */
  #steps = 0;
  #isHeld = false;
  #expired = false;

  constructor(parent: AbortSignal) {
    this.#unlink = onAbort(parent, () => this.#controller.abort(parent.reason));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expired(): boolean {
    return this.#expired;
  }

  /** Something has to come within `ms`, from now on and after each byte; undefined: whenever it likes. */
  within(ms: number | undefined, reason: string, maySleep: () => boolean = never): void {
    this.#wait =
      ms === undefined ? undefined : { ms: Math.min(ms, MAX_TIMER_MS), reason, maySleep };
    this.#restart();
  }

  /** All has to be over within `ms` from now, whatever comes. */
  atMost(ms: number, reason: string): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.#expire(reason), Math.min(ms, MAX_TIMER_MS));
  }

  /** A byte, or the answer's head. */
  came(): void {
    this.#steps++;
    this.#timer?.refresh();
  }

  /** The reader takes its time. */
  hold(): void {
    this.#isHeld = true;
    this.#restart();
  }

  goOn(): void {
    this.#isHeld = false;
    this.#steps++;
    this.#restart();
  }

  /** Gives back timers and listener. */
  release(): void {
    this.#wait = undefined;
    clearTimeout(this.#timer);
    clearTimeout(this.#limit);
    this.#unlink();
  }

  #restart(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const wait = this.#wait;
    if (wait === undefined || this.#isHeld) return;
    this.#timer = setTimeout(() => this.#look(wait), wait.ms);
  }

  /** Where this process stood still, what has come meanwhile is read before the time counts as over. */
  #look(wait: Wait): void {
    const before = this.#steps;
    setImmediate(() => {
      if (this.#wait !== wait || this.#isHeld) return;
      if (this.#steps !== before) this.#restart();
      else if (wait.maySleep()) this.#wait = undefined;
      else this.#expire(wait.reason);
    });
  }

  #expire(reason: string): void {
    this.#expired = true;
    this.#controller.abort(new Error(reason));
  }
}
