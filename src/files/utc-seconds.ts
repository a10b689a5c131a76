import { toUtc } from "../wire/timestamps.ts";

/** Up to the seconds: "2026-11-23T15:58:34". */
const SECONDS = 19;
const FRACTION_END = 29;

/** Makes timestamps with nanoseconds in UTC; those of one second cost little. */
export class UtcSeconds {
  #sent = "";
  #sentZone = "";
  #second = Number.NaN;
  #utc = "";

  /** Of nanoseconds since 1970, as two halves of 32 bits. */
  ofNanoseconds(high: number, low: number): string {
    // 2^32 ns are 4 s and 294,967,296 ns: in steps that stay whole numbers.
    const thousands = high * 294_967;
    const rest = (thousands % 1e6) * 1_000 + high * 296 + low;
    const second = high * 4 + Math.floor(thousands / 1e6) + Math.floor(rest / 1e9);
    if (second !== this.#second) {
      this.#second = second;
      this.#utc = new Date(second * 1_000).toISOString().slice(0, SECONDS);
    }
    return `${this.#utc}.${String(rest % 1e9).padStart(9, "0")}Z`;
  }

  /** Of a time with nanoseconds and a zone; undefined where it is none. */
  ofText(stamp: string): string | undefined {
    const second = stamp.slice(0, SECONDS);
    const zone = stamp.slice(FRACTION_END);
    if (second !== this.#sent || zone !== this.#sentZone) {
      const utc = toUtc(second + zone);
      if (utc === undefined) return undefined;
      this.#sent = second;
      this.#sentZone = zone;
      this.#utc = utc.slice(0, SECONDS);
    }
    return `${this.#utc}${stamp.slice(SECONDS, FRACTION_END)}Z`;
  }
}
