const CR = 0x0d;
const LF = 0x0a;
/** Far beyond any chunk that fits into memory, and exact as a number. */
const MAX_SIZE_DIGITS = 12;

/** What comes next. */
type Step =
  | "size"
  | "size-end"
  | "extension"
  | "data"
  | "data-end"
  | "trailer"
  | "trailer-line"
  | "end";

/**
 * Takes the framing off a chunked body (RFC 9112, section 7.1), in any splitting. The engine sends one chunk per line, so
 * nothing is copied or called for a chunk: it says where in the given bytes the body's own are.
 */
export class ChunkedDecoder {
  #step: Step = "size";
  #size = 0;
  #digits = 0;

  /** The body is complete. */
  get isComplete(): boolean {
    return this.#step === "end";
  }

  /**
   * Adds to `spans` from where to where `bytes[from..to)` hold the body.
   *
   * @throws SyntaxError where they are no chunked body
   */
  push(bytes: Uint8Array, from: number, to: number, spans: number[]): void {
    let at = from;
    while (at < to) {
      const byte = bytes[at];
      switch (this.#step) {
        case "data": {
          const end = Math.min(to, at + this.#size);
          spans.push(at, end);
          this.#size -= end - at;
          at = end;
          if (this.#size === 0) this.#step = "data-end";
          continue;
        }
        case "data-end":
          if (byte === LF) this.#begin();
          else if (byte !== CR) throw malformed(bytes, at);
          break;
        case "size":
          this.#readSize(byte ?? 0, bytes, at);
          break;
        case "size-end":
          if (byte !== LF) throw malformed(bytes, at);
          this.#afterSize();
          break;
        case "extension":
          if (byte === LF) this.#afterSize();
          break;
        case "trailer":
          if (byte === LF) this.#step = "end";
          else if (byte !== CR) this.#step = "trailer-line";
          break;
        case "trailer-line":
          if (byte === LF) this.#step = "trailer";
          break;
        case "end":
          return;
      }
      at++;
    }
  }

  #begin(): void {
    this.#step = "size";
    this.#size = 0;
    this.#digits = 0;
  }

  #readSize(byte: number, bytes: Uint8Array, at: number): void {
    const digit = hexDigit(byte);
    if (digit !== undefined && this.#digits < MAX_SIZE_DIGITS) {
      this.#size = this.#size * 16 + digit;
      this.#digits++;
    } else if (this.#digits === 0 || digit !== undefined) {
      throw malformed(bytes, at);
    } else if (byte === LF) {
      this.#afterSize();
    } else if (byte === 0x3b || byte === 0x20 || byte === 0x09) {
      this.#step = "extension";
    } else if (byte === CR) {
      this.#step = "size-end";
    } else {
      throw malformed(bytes, at);
    }
  }

  #afterSize(): void {
    this.#step = this.#size === 0 ? "trailer" : "data";
  }
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}

function malformed(bytes: Uint8Array, at: number): SyntaxError {
  const text = Buffer.from(bytes.subarray(at, at + 40)).toString("latin1");
  return new SyntaxError(`expected the framing of a chunked body, got ${JSON.stringify(text)}`);
}
