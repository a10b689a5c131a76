import { parseWord } from "./engine-word.ts";

/** So much of an answer that is no log is kept. */
const MAX_BYTES = 8 * 1024;
const OBJECT = 0x7b;
const TAG = 0x3c;
/** The kinds of frames; a terminal's line begins with the digits of a year. */
const MAX_FRAME_KIND = 3;
const DIGITS = { first: 0x30, last: 0x39 };
const nothing = Buffer.alloc(0);

/**
 * Tells by its first byte whether a body with status 200 is a log: a proxy may answer with a page, and Podman answers with a JSON
 * error while it removes a container. No frame and no timestamp begins like these.
 */
export class LogAnswer {
  readonly #isTerminal: boolean;
  readonly #isForeign: boolean;
  #kind: "nothing yet" | "log" | "other" = "nothing yet";
  #text: Buffer | undefined;

  /** `isForeign`: its head does not say that it is the engine's, as all others do. */
  constructor(isTerminal: boolean, isForeign: boolean) {
    this.#isTerminal = isTerminal;
    this.#isForeign = isForeign;
  }

  /** False: it is none, and the bytes are kept to tell what it is. */
  isLog(bytes: Buffer, spans: readonly number[]): boolean {
    if (this.#kind === "log") return true;
    if (this.#kind === "nothing yet") this.#kind = this.#kindOf(bytes[spans[0] ?? 0]);
    if (this.#kind === "log") return true;
    for (let index = 0; index < spans.length; index += 2) {
      const piece = bytes.subarray(spans[index], spans[index + 1]);
      this.#text = Buffer.concat([this.#text ?? nothing, piece]).subarray(0, MAX_BYTES);
    }
    return false;
  }

  /** All that it says is there, or as much as is of interest. */
  get isWhole(): boolean {
    return (this.#text ?? nothing).length >= MAX_BYTES || parseWord(this.text) !== undefined;
  }

  /** What has come is no log. */
  get isOther(): boolean {
    return this.#kind === "other";
  }

  /** A body that ended as it should is no log. An empty one is believed where it says whose it is. */
  get isOtherAsWhole(): boolean {
    return this.isOther || (this.#kind === "nothing yet" && this.#isForeign);
  }

  get text(): string {
    return this.#text?.toString("utf8") ?? "";
  }

  #kindOf(byte: number | undefined): "log" | "other" {
    if (byte === undefined || byte === OBJECT || byte === TAG) return "other";
    if (!this.#isForeign) return "log";
    const isLog = this.#isTerminal
      ? byte >= DIGITS.first && byte <= DIGITS.last
      : byte <= MAX_FRAME_KIND;
    return isLog ? "log" : "other";
  }
}
