const nothing = Buffer.alloc(0);

/** Holds the beginning of something until all of it is there; joins the pieces once, however small they come. */
export class Fragments {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wanted = 0;

  /** All bytes so far with `chunk`, whose memory is this one's from now on; undefined while fewer than wanted are there. */
  join(chunk: Buffer): Buffer | undefined {
    if (this.#bytes === 0 && chunk.length >= this.#wanted) return chunk;
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes < this.#wanted ? undefined : this.take();
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
    const all = this.#bytes === 0 ? nothing : Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#wanted = 0;
    return all;
  }
}
