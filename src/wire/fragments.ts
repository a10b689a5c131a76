import { copySpans, gather, lengthOf } from "./spans.ts";

/** Holds the beginning of something until all of it is there; joins the pieces once, however small they come. */
export class Fragments {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wanted = 0;

  /** A copy of all bytes so far with those of `bytes` within `spans`, or undefined while fewer than wanted are there. */
  join(bytes: Buffer, spans: readonly number[]): Buffer | undefined {
    const length = lengthOf(spans);
    if (this.#bytes + length >= this.#wanted) return this.#take(bytes, spans, length);
    this.#pieces.push(gather(bytes, spans));
    this.#bytes += length;
    return undefined;
  }

  /** Keeps a copy of `rest` until at least `wanted` bytes are there. */
  keep(rest: Buffer, wanted: number): void {
    this.#pieces = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.#bytes = rest.length;
    this.#wanted = wanted;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** What is kept, and forgets it. */
  take(): Buffer {
    return this.#take(nothing, [], 0);
  }

  #take(bytes: Buffer, spans: readonly number[], length: number): Buffer {
    const all = Buffer.allocUnsafeSlow(this.#bytes + length);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(all, at);
    copySpans(bytes, spans, all, at);
    this.#pieces = [];
    this.#bytes = 0;
    this.#wanted = 0;
    return all;
  }
}

const nothing = Buffer.alloc(0);
