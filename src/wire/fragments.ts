import { copySpans, gather, lengthOf } from "./spans.ts";

/** For what is joined and looked at once: a read and the beginning of a frame. */
const scratch = Buffer.allocUnsafeSlow(160 * 1024);

/**
 * Holds the beginning of something until all of it is there; joins the pieces once, however small they come. They are held as strings
 * of one character a byte: a `Buffer` of a few KB takes ten times as long to make, and the garbage collector runs sooner.
 */
export class Fragments {
  #pieces: string[] = [];
  #bytes = 0;
  #wanted = 0;

  /** A copy of all bytes so far with those of `bytes` within `spans`, or undefined while fewer than wanted are there. */
  join(bytes: Buffer, spans: readonly number[]): Buffer | undefined {
    const all = this.joinBriefly(bytes, spans);
    return all === undefined ? undefined : Buffer.from(all);
  }

  /** As `join`; the copy is valid until the next one, of anybody's. */
  joinBriefly(bytes: Buffer, spans: readonly number[]): Buffer | undefined {
    const length = lengthOf(spans);
    if (this.#bytes + length >= this.#wanted) return this.#take(bytes, spans, length);
    this.#pieces.push(gather(bytes, spans).toString("latin1"));
    this.#bytes += length;
    return undefined;
  }

  /** Keeps a copy of `rest` until at least `wanted` bytes are there. */
  keep(rest: Buffer, wanted: number): void {
    this.#pieces = rest.length === 0 ? [] : [rest.toString("latin1")];
    this.#bytes = rest.length;
    this.#wanted = wanted;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** What is kept, and forgets it. */
  take(): Buffer {
    return Buffer.from(this.#take(nothing, [], 0));
  }

  #take(bytes: Buffer, spans: readonly number[], length: number): Buffer {
    const size = this.#bytes + length;
    const all = size <= scratch.length ? scratch.subarray(0, size) : Buffer.allocUnsafeSlow(size);
    let at = 0;
    for (const piece of this.#pieces) at += all.write(piece, at, "latin1");
    copySpans(bytes, spans, all, at);
    this.#pieces = [];
    this.#bytes = 0;
    this.#wanted = 0;
    return all;
  }
}

const nothing = Buffer.alloc(0);
