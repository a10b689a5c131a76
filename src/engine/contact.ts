import type { IncomingHttpHeaders } from "node:http";
import type { Body } from "./response-body.ts";
import { EngineClock } from "./engine-clock.ts";
import type { Exchange } from "./engine-clock.ts";
import { isSigned, traitsOf } from "./traits.ts";
import type { EngineTraits } from "./traits.ts";

/** An answer, and when it was asked for and came. */
export interface Answer extends Exchange {
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** What the answers so far tell of an engine. */
export class Contact {
  readonly clock: EngineClock = new EngineClock();
  #answers = 0;
  /** Of the latest answer. */
  #headers: IncomingHttpHeaders = {};
  /** Every answer was signed; undefined before the first. */
  #signs: boolean | undefined;

  /** How many answers were an engine's, beyond doubt. */
  get answers(): number {
    return this.#answers;
  }

  /** As it says of itself. */
  get traits(): EngineTraits {
    return traitsOf(this.#headers);
  }

  /** The answer is an engine's. */
  answered({ headers, sentAt, receivedAt }: Answer, systemTime = ""): void {
    const exchange = { sentAt, receivedAt };
    this.#answers++;
    this.#headers = headers;
    this.#signs = this.#signs !== false && isSigned(headers);
    if (systemTime === "") this.clock.sawDate(headers.date, exchange);
    else this.clock.sawTime(systemTime, headers.date, exchange);
  }

  /**
   * The engine says who it is in each answer's head, and this one does not: where it holds nothing else that is an engine's, it is
   * somebody else's. (A proxy may take such headers out of all answers.)
   */
  isForeign(headers: IncomingHttpHeaders): boolean {
    return this.#signs === true && !isSigned(headers);
  }
}
