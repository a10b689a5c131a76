import type { HeldBody } from "../engine/body.ts";
import type { HeadStart, Interest, Turn, TurnHolder, TurnStream, Turns } from "./host.ts";

export interface TurnEvents {
  /** The open stream; undefined while there is none. */
  readonly stream: () => Omit<TurnStream, "servedSince"> | undefined;
  /** The turn has to be waited for. */
  readonly queued: () => void;
  /** The turn is wanted back. */
  readonly wanted: () => void;
}

/** A source's turn: taken before a stream is opened, and given back when others want it and the stream is closed. */
export class TurnKeeper {
  readonly #turns: Turns | undefined;
  readonly #events: TurnEvents;
  readonly #holder: TurnHolder;
  #turn: Turn | undefined;
  #headStart: HeadStart | undefined;
  #held: HeldBody | undefined;
  #isWanted = false;
  #servedSince: number | undefined;
  #interest: Interest = "unread";
  #taken = 0;

  /** Without `turns` every stream may be open. */
  constructor(turns: Turns | undefined, events: TurnEvents) {
    this.#turns = turns;
    this.#events = events;
    this.#holder = {
      stream: () => this.#stream(),
      yield: () => {
        this.#isWanted = true;
        events.wanted();
      },
    };
  }

  /** What the next turn may bring. */
  get interest(): Interest {
    return this.#interest;
  }

  set interest(interest: Interest) {
    this.#interest = interest;
  }

  /** The first turn was asked for already. */
  set headStart(headStart: HeadStart | undefined) {
    this.#headStart = headStart;
  }

  get isHeld(): boolean {
    return this.#turn !== undefined;
  }

  /** Turns taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a turn, where there is none yet. True where it had to wait: what was seen of the container before may not be so any
   * more.
   *
   * @throws the signal's reason
   */
  async take(signal: AbortSignal): Promise<boolean> {
    if (this.#turns === undefined || this.#turn !== undefined) return false;
    const waited = await this.#take(this.#turns, signal);
    this.#interest = "idle";
    this.#isWanted = false;
    this.#servedSince = undefined;
    this.#taken++;
    // Granted in the moment of the end: whoever ends gives it back.
    signal.throwIfAborted();
    return waited;
  }

  /** A stream of this turn is open. */
  opened(): void {
    this.#servedSince ??= performance.now();
  }

  /** Lets the next one have the turn, where it is wanted back, and waits for another. False where it is not. */
  async pass(signal: AbortSignal): Promise<boolean> {
    if (!this.#isWanted) return false;
    this.give();
    await this.take(signal);
    return true;
  }

  /** Nothing of it is needed any more. */
  give(): void {
    const turn = this.#turn;
    const held = this.#held;
    this.#turn = undefined;
    this.#held = undefined;
    this.#isWanted = false;
    if (held === undefined) turn?.release();
    else void held.drop().then(() => turn?.release());
  }

  /** The stream that came with the turn, once. */
  takeHeld(): HeldBody | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  end(): void {
    this.#headStart?.cancel();
    this.give();
  }

  #stream(): TurnStream | undefined {
    const stream = this.#events.stream();
    if (stream === undefined || this.#servedSince === undefined) return undefined;
    const { openingMs, quietSince } = stream;
    return { openingMs, quietSince, servedSince: this.#servedSince };
  }

  async #take(turns: Turns, signal: AbortSignal): Promise<boolean> {
    const headStart = this.#headStart;
    this.#headStart = undefined;
    const held = await headStart?.take(this.#holder, signal);
    if (held !== undefined) {
      this.#turn = held.turn;
      this.#held = held.body;
      return false;
    }
    let waited = false;
    const queued = (): void => {
      waited = true;
      this.#events.queued();
    };
    const request = { holder: this.#holder, interest: this.#interest, queued };
    this.#turn = await turns.take(request, signal);
    return waited;
  }
}
