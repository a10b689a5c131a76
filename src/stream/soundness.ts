import type { EngineTraits } from "../engine/traits.ts";
import type { Inspection } from "../engine/inspection.ts";
import { findLeftOut } from "./left-out.ts";
import type { LeftOut } from "./left-out.ts";
import type { LogReader } from "./log-reader.ts";
import type { Tail } from "./tail-size.ts";

type State =
  /** What its reads show has no hole that is not told. */
  | { readonly type: "sound" }
  /** They may leave out something: its machine or its disk may have failed since it was read last. */
  | { readonly type: "doubted" }
  /** They leave out something there. */
  | { readonly type: "left out"; readonly place: LeftOut };

/**
 * Whether reads of a log may leave something out behind damage, and not say so (Docker before 23, `json-file`). It is looked at while
 * its container stands still: what grows can't be counted, and who follows it is not to wait for that.
 */
export class Soundness {
  readonly #mayLeaveOut: boolean;
  #state: State = { type: "doubted" };

  constructor({ traits, info, removesItself }: Inspection) {
    // What a terminal's log shows can't be counted: nothing is between a line that has no end and the next.
    const isCounted = info.logDriver === "json-file" && !info.tty;
    // There is no time for doubts where the log is about to be gone.
    this.#mayLeaveOut = leavesOutAtDamage(traits) && isCounted && !removesItself;
  }

  /** Where a read of the log's last `tail` entries leaves something out, as far as is known. */
  async leftOut(reader: LogReader, tail: Tail, signal: AbortSignal): Promise<LeftOut | undefined> {
    if (!this.#mayLeaveOut || reader.via === "files" || reader.inspection.running) return undefined;
    const state = this.#state;
    if (state.type === "sound") return undefined;
    if (state.type === "left out") return state.place;
    const place = await findLeftOut(reader, tail, signal);
    if (place !== undefined) this.#state = { type: "left out", place };
    return place;
  }

  /** Its run has ended, the stream to it was lost, or reading goes on behind damage: there may be more of it. */
  doubt(): void {
    this.#state = { type: "doubted" };
  }

  /** It was read from the place to its end, and nothing is left out. */
  found(): void {
    this.#state = { type: "sound" };
  }
}

function leavesOutAtDamage({ followReachesEnd, unstableParts, exactTail }: EngineTraits): boolean {
  return !followReachesEnd && !unstableParts && exactTail;
}
