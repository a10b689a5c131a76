import type { FakeEngineOptions } from "./types.ts";

const OFFSET_SECONDS = 5.5 * 3600;

/** Writes nanoseconds since 1970 as RFC 3339, in one zone and with one number of digits. */
export class TimestampFormat {
  readonly #shiftSeconds: number;
  readonly #digits: 0 | 9;
  readonly #zone: string;
  #second = Number.NaN;
  #upToSecond = "";

  constructor(shiftSeconds: number, digits: 0 | 9, zone: string) {
    this.#shiftSeconds = shiftSeconds;
    this.#digits = digits;
    this.#zone = zone;
  }

  format(time: bigint): string {
    const second = Number(time / 1_000_000_000n);
    if (second !== this.#second) {
      this.#second = second;
      const local = new Date((second + this.#shiftSeconds) * 1000);
      this.#upToSecond = local.toISOString().slice(0, -5);
    }
    if (this.#digits === 0) return this.#upToSecond + this.#zone;
    const fraction = String(time % 1_000_000_000n).padStart(9, "0");
    return `${this.#upToSecond}.${fraction}${this.#zone}`;
  }
}

type Style = NonNullable<FakeEngineOptions["timestamps"]>;

/** As the engine sends it. */
export function wireFormat(style: Style): TimestampFormat {
  if (style === "offset") return new TimestampFormat(OFFSET_SECONDS, 9, "+05:30");
  return recordFormat(style);
}

/** As a log record has it: the same digits in UTC. */
export function recordFormat(style: Style): TimestampFormat {
  return new TimestampFormat(0, style === "s" ? 0 : 9, "Z");
}
