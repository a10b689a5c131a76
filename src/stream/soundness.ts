import type { EngineTraits } from "../engine/traits.ts";
import type { Inspection } from "../engine/inspection.ts";
import { findLeftOut } from "./left-out.ts";
import type { LeftOut } from "./left-out.ts";
import type { LogReader } from "./log-reader.ts";
import type { Tail } from "./tail-size.ts";

/** A container that is younger was not there when its engine's machine broke down. */
const YOUNG_MS = 10_000;

type State =
  /** What its reads show has no hole that is not told. */
  | { readonly type: "sound" }
  /** They may leave out something: its machine or its disk may have failed since it was read last. */
  | { readonly type: "doubted" }
  /** They leave out something there. */
  | { readonly type: "left out"; readonly place: LeftOut };

/** Whether reads of a log may leave something out behind damage, and not say so (Docker before 23, `json-file`). */
export class Soundness {
  readonly #mayLeaveOut: boolean;
  readonly #removesItself: boolean;
  readonly #isYoung: boolean;
  #state: State;

  /** `now` by the engine's clock, in epoch milliseconds. */
  constructor(inspection: Inspection, now: number) {
    const { traits, info, createdAt, removesItself } = inspection;
    // What a terminal's log shows can't be counted: nothing is between a line that has no end and the next.
    const isCounted = info.logDriver === "json-file" && !info.tty;
    this.#mayLeaveOut = leavesOutAtDamage(traits) && isCounted;
    this.#removesItself = removesItself;
    this.#isYoung = now - createdAt < YOUNG_MS;
    this.#state = { type: removesItself && this.#isYoung ? "sound" : "doubted" };
  }

  get isDoubted(): boolean {
    return this.#mayLeaveOut && this.#state.type !== "sound";
  }

  /** Where a read of the log's last `tail` entries leaves something out, as far as is known. */
  async leftOut(reader: LogReader, tail: Tail, signal: AbortSignal): Promise<LeftOut | undefined> {
    if (!this.isDoubted || reader.via === "files") return undefined;
    if (this.#state.type === "left out") return this.#state.place;
    const place = await findLeftOut(reader, tail, signal);
    if (place !== undefined) this.#state = { type: "left out", place };
    return place;
  }

  /** Reading goes on behind damage, where there may be more of it. */
  passed(): void {
    this.#state = { type: "doubted" };
  }

  /** The stream to it was lost, or its run has ended. There is no time for doubts where its log is about to be gone. */
  doubt(): void {
    if (!this.#removesItself) this.#state = { type: "doubted" };
  }

  /** It is about to be written, by a container that may be gone in a moment. */
  begins(): void {
    if (this.#isYoung || this.#removesItself) this.#state = { type: "sound" };
  }

  /** It was read from the place to its end, and nothing is left out. */
  found(): void {
    this.#state = { type: "sound" };
  }
}

function leavesOutAtDamage({ followReachesEnd, unstableParts, exactTail }: EngineTraits): boolean {
  return !followReachesEnd && !unstableParts && exactTail;
}
