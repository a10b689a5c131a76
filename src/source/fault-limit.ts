import { steadyNow } from "../lifetime/steady-clock.ts";

/** So often a log is read again where damaged bytes came and not one new line in between. */
const MOST_IN_A_ROW = 5;

/** Tells damaged bytes that pass, a proxy's, from those that stay. */
export class FaultLimit {
  #lines = -1;
  #count = 0;
  #lastAt: number | undefined;

  /** When damaged bytes came last, by `steadyNow()`. */
  get lastAt(): number | undefined {
    return this.#lastAt;
  }

  /** Damaged bytes came, `lines` lines since the beginning: false where another look is of no use. */
  allows(lines: number): boolean {
    this.#count = lines === this.#lines ? this.#count + 1 : 1;
    this.#lines = lines;
    this.#lastAt = steadyNow();
    return this.#count <= MOST_IN_A_ROW;
  }
}
