import type { Case } from "./case.ts";

/** What a round has measured of a case. */
export interface MicroFound extends Pick<Case, "name" | "unit" | "count" | "against"> {
  readonly bytes: number;
  /** CPU time for all bytes, once: the median. */
  readonly ms: number;
  /** The same of a string, one byte a character, that is made of these bytes. */
  readonly stringMs: number;
}
