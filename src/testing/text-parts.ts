/** A text as it was given, or bytes of one that had to be cut. */
export type Text = string | Buffer;

/** As many encoded texts are remembered, so that one long text written again and again is held once. */
const REMEMBERED = 8;

/** Cuts texts into parts of at most `partBytes` bytes of UTF-8. */
export class TextParts {
  readonly #partBytes: number;
  readonly #encoded = new Map<string, readonly Buffer[]>();

  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  split(text: string): readonly Text[] {
    if (this.#fits(text)) return [text];
    const known = this.#encoded.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text);
    const parts: Buffer[] = [];
    for (let start = 0; start < bytes.length; start += this.#partBytes) {
      parts.push(bytes.subarray(start, start + this.#partBytes));
    }
    this.#encoded.set(text, parts);
    if (this.#encoded.size > REMEMBERED) {
      const oldest = this.#encoded.keys().next();
      if (oldest.done !== true) this.#encoded.delete(oldest.value);
    }
    return parts;
  }

  #fits(text: string): boolean {
    // UTF-8 takes one to three bytes for each UTF-16 unit.
    if (text.length * 3 <= this.#partBytes) return true;
    return text.length <= this.#partBytes && Buffer.byteLength(text) <= this.#partBytes;
  }
}

export function byteLength(text: Text): number {
  return typeof text === "string" ? Buffer.byteLength(text) : text.length;
}
