import type { HeldBody } from "../engine/body.ts";
import type { FirstFile } from "../files/first-file.ts";
import type { HeadStart, Interest, Turn, TurnHolder, TurnStream, Turns } from "./host.ts";

export interface TurnEvents {
  /** The open stream; undefined while there is none. */
  readonly stream: () => Omit<TurnStream, "servedSince"> | undefined;
  /** The turn has to be waited for. */
  readonly queued: () => void;
  /** The turn is wanted back. */
  readonly wanted: () => void;
}

/** What a source has of its turn. */
type TurnState =
  | { readonly type: "none" }
  /** The first one was asked for already, with a stream. */
  | { readonly type: "head start"; readonly headStart: HeadStart }
  | {
      readonly type: "held";
      readonly turn: Turn;
      /** The stream that came with it. */
      readonly body: HeldBody | undefined;
      /** Others want it back. */
      readonly isWanted: boolean;
      /** Since when it has had a stream, by `performance.now()`. */
      readonly servedSince: number | undefined;
    };

/** A source's turn: taken before a stream is opened, and given back when others want it and the stream is closed. */
export class TurnKeeper {
  readonly #turns: Turns | undefined;
  readonly #events: TurnEvents;
  readonly #holder: TurnHolder;
  #state: TurnState = { type: "none" };
  #interest: Interest = "unread";
  #taken = 0;

  /** Without `turns` every stream may be open. */
  constructor(turns: Turns | undefined, events: TurnEvents) {
    this.#turns = turns;
    this.#events = events;
    this.#holder = { stream: () => this.#stream(), yield: () => this.#wanted() };
  }

  /** What the next turn may bring. */
  get interest(): Interest {
    return this.#interest;
  }

  set interest(interest: Interest) {
    this.#interest = interest;
  }

  /** What was asked for with the first turn, as long as it is not taken. */
  get headStart(): HeadStart | undefined {
    return this.#state.type === "head start" ? this.#state.headStart : undefined;
  }

  set headStart(headStart: HeadStart | undefined) {
    this.#state = headStart === undefined ? { type: "none" } : { type: "head start", headStart };
  }

  /** The log's file, that was looked for before the container ran, in place of the stream. The caller is to close it. */
  takeFirstFile(): FirstFile | undefined {
    if (this.#state.type !== "head start") return undefined;
    const { headStart } = this.#state;
    this.#state = { type: "none" };
    return headStart.takeFile();
  }

  get isHeld(): boolean {
    return this.#state.type === "held";
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
    if (this.#turns === undefined || this.isHeld) return false;
    const waited = await this.#take(this.#turns, signal);
    this.#interest = "idle";
    this.#taken++;
    // Granted in the moment of the end: whoever ends gives it back.
    signal.throwIfAborted();
    return waited;
  }

  /** A stream of this turn is open. */
  opened(): void {
    const state = this.#state;
    if (state.type === "held" && state.servedSince === undefined)
      this.#state = { ...state, servedSince: performance.now() };
  }

  /** Lets the next one have the turn, where it is wanted back, and waits for another. False where it is not. */
  async pass(signal: AbortSignal): Promise<boolean> {
    if (this.#state.type !== "held" || !this.#state.isWanted) return false;
    this.give();
    await this.take(signal);
    return true;
  }

  /** Nothing of it is needed any more. */
  give(): void {
    const state = this.#state;
    if (state.type !== "held") return;
    this.#state = { type: "none" };
    const { turn, body } = state;
    if (body === undefined) turn.release();
    else void body.drop().then(() => turn.release());
  }

  /** The stream that came with the turn, once. */
  takeHeld(): HeldBody | undefined {
    const state = this.#state;
    if (state.type !== "held") return undefined;
    this.#state = { ...state, body: undefined };
    return state.body;
  }

  end(): void {
    if (this.#state.type === "head start") this.#state.headStart.cancel();
    this.give();
  }

  #wanted(): void {
    const state = this.#state;
    if (state.type === "held") this.#state = { ...state, isWanted: true };
    this.#events.wanted();
  }

  #stream(): TurnStream | undefined {
    const state = this.#state;
    const stream = this.#events.stream();
    if (state.type !== "held" || stream === undefined || state.servedSince === undefined)
      return undefined;
    const { openingMs, quietSince } = stream;
    return { openingMs, quietSince, servedSince: state.servedSince };
  }

  async #take(turns: Turns, signal: AbortSignal): Promise<boolean> {
    if (this.#state.type === "head start") {
      const { headStart } = this.#state;
      this.#state = { type: "none" };
      const held = await headStart.take(this.#holder, signal);
      if (held !== undefined) {
        this.#holds(held.turn, held.body);
        return false;
      }
    }
    let waited = false;
    const queued = (): void => {
      waited = true;
      this.#events.queued();
    };
    const request = { holder: this.#holder, interest: this.#interest, queued };
    this.#holds(await turns.take(request, signal));
    return waited;
  }

  #holds(turn: Turn, body?: HeldBody): void {
    this.#state = { type: "held", turn, body, isWanted: false, servedSince: undefined };
  }
}
