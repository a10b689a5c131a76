import { DockspoolError } from "../errors.ts";
import type { EngineLink } from "./engine-link.ts";
import { isRefusal } from "./failures.ts";
import { anonymousIdentity, parseIdentity } from "./identity.ts";
import type { EngineIdentity } from "./identity.ts";
import type { Questions } from "./questions.ts";
import { traitsOf } from "./traits.ts";

/**
 * Finds out who an engine is. A proxy in front of it may forbid the question for good, and then the engine is the one at this address;
 * or it forbids all questions for a moment, and then nothing is known.
 */
export class Identification {
  readonly #link: EngineLink;
  readonly #questions: Questions;
  readonly #nameInKeys: string;
  /** How many answers there were when the question was refused for the last time. */
  #answersAtRefusal: number | undefined;

  constructor(link: EngineLink, questions: Questions, nameInKeys: string) {
    this.#link = link;
    this.#questions = questions;
    this.#nameInKeys = nameInKeys;
  }

  /** @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; the signal's reason */
  async identify(signal: AbortSignal): Promise<EngineIdentity> {
    try {
      return await this.#ask(signal);
    } catch (error) {
      if (!isRefusal(error) || !(await this.#answersOthers(signal))) throw error;
    }
    try {
      return await this.#ask(signal);
    } catch (error) {
      if (isRefusal(error)) return anonymousIdentity(this.#nameInKeys, this.#link.address);
      throw error;
    }
  }

  #ask(signal: AbortSignal): Promise<EngineIdentity> {
    const anonymous = anonymousIdentity(this.#nameInKeys, this.#link.address);
    return this.#questions.ask("/info", {}, signal, { first: true }, (answer, headers) =>
      parseIdentity(answer, traitsOf(headers), anonymous),
    );
  }

  /** A proxy may forbid the list as well; then what was answered since the last refusal tells. */
  async #answersOthers(signal: AbortSignal): Promise<boolean> {
    const before = this.#answersAtRefusal;
    const { answers } = this.#link.contact;
    this.#answersAtRefusal = answers;
    if (before !== undefined && answers > before) return true;
    try {
      await this.#questions.list({ limit: "1" }, signal);
      return true;
    } catch (error) {
      if (!DockspoolError.is(error)) throw error;
      return false;
    }
  }
}
