import { isRefusal } from "./failures.ts";
import type { EngineLink } from "./engine-link.ts";
import { parseOwnInfo } from "./identity.ts";
import type { OwnInfo } from "./identity.ts";
import type { Questions } from "./questions.ts";
import { traitsOf } from "./traits.ts";

/** An engine that has not answered is not asked again sooner than that. */
const AGAIN_MS = 60_000;
const NONE: OwnInfo = { id: undefined, host: undefined, dataRoot: undefined };

type State =
  | { readonly kind: "unknown" }
  | { readonly kind: "asked"; readonly answer: Promise<void> }
  | { readonly kind: "failed"; readonly at: number }
  | { readonly kind: "known"; readonly address: string; readonly own: OwnInfo };

/** What the engine says of itself. Asked once; who may not know it, or gets no answer, goes without. */
export class OwnInfoQuestion {
  readonly #link: EngineLink;
  readonly #questions: Questions;
  #state: State = { kind: "unknown" };

  constructor(link: EngineLink, questions: Questions) {
    this.#link = link;
    this.#questions = questions;
  }

  /** As far as it is known now. */
  get known(): OwnInfo {
    return this.#state.kind === "known" ? this.#state.own : NONE;
  }

  /** Resolves when it is known, or will not be for a while. Never rejects. */
  async ask(signal: AbortSignal): Promise<void> {
    // Whom another asked for may have been aborted.
    while (this.#state.kind === "asked") await this.#state.answer;
    if (signal.aborted || !this.#isDue()) return;
    const answer = this.#ask(signal);
    this.#state = { kind: "asked", answer };
    await answer;
  }

  #isDue(): boolean {
    const state = this.#state;
    if (state.kind === "failed") return performance.now() - state.at >= AGAIN_MS;
    return state.kind !== "known" || state.address !== this.#link.address;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const own = await this.#questions.ask("/info", {}, signal, { first: true }, (json, headers) =>
        parseOwnInfo(json, traitsOf(headers)),
      );
      this.#state = { kind: "known", address: this.#link.address, own };
    } catch (error) {
      if (isRefusal(error)) this.#state = { kind: "known", address: this.#link.address, own: NONE };
      else if (signal.aborted) this.#state = { kind: "unknown" };
      else this.#state = { kind: "failed", at: performance.now() };
    }
  }
}
