import type { SentEvent } from "../../engine/engine-event.ts";

/** More than an engine keeps (Docker: 256). */
const KEPT = 512;
/** Events are asked for again from so long before the last one: their times need not rise. */
const OVERLAP_NS = 2_000_000_000n;

/** What is known of the events since the stream was opened. */
type State =
  | { readonly type: "in order" }
  /** The last event that had come is to be among those that are sent again: else some may be missing. */
  | { readonly type: "replayed" }
  /** None had ever come. What is older than the opening was kept back by the stream before. */
  | { readonly type: "renewed"; readonly at: bigint };

/** Tells an engine's events apart, over streams that are opened again: known, new, or new behind a gap. */
export class EventSequence {
  readonly #recent = new Set<string>();
  #last: SentEvent | undefined;
  #state: State = { type: "in order" };

  /** From when on events are to be asked for; undefined where none has come. Nanoseconds since 1970, by the engine's clock. */
  get since(): bigint | undefined {
    return this.#last === undefined ? undefined : this.#last.at - OVERLAP_NS;
  }

  get last(): SentEvent | undefined {
    return this.#last;
  }

  /** A stream that was open has been closed here after silence, and is open again; `at`: the engine's time. */
  renewed(at: bigint): void {
    this.#state = this.#last === undefined ? { type: "renewed", at } : { type: "replayed" };
  }

  /** A stream was lost, and is open again. True where nothing can tell whether events are missing. */
  reopened(): boolean {
    this.#state = { type: this.#last === undefined ? "in order" : "replayed" };
    return this.#last === undefined;
  }

  take(sent: SentEvent): "known" | "new" | "new behind a gap" {
    if (this.#recent.has(sent.key)) {
      if (sent.key === this.#last?.key) this.#state = { type: "in order" };
      return "known";
    }
    // What stands before the last one was there before the first stream, or is behind a gap.
    const isOlder = this.#last !== undefined && sent.at <= this.#last.at;
    if (this.#state.type === "replayed" && isOlder) return "known";
    const isMissing = this.#isMissing(sent);
    this.#state = { type: "in order" };
    this.#last = sent;
    this.#recent.add(sent.key);
    for (const oldest of this.#recent) {
      if (this.#recent.size <= KEPT) break;
      this.#recent.delete(oldest);
    }
    return isMissing ? "new behind a gap" : "new";
  }

  #isMissing({ at }: SentEvent): boolean {
    const state = this.#state;
    return state.type === "replayed" || (state.type === "renewed" && at < state.at);
  }
}
