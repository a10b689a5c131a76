import { hash } from "node:crypto";
import { closeSync, createReadStream, openSync, rmSync, writeSync } from "node:fs";
import type { ComparableLine } from "../../test/support/ground-truth.ts";

const CONTAINER_BYTES = 2;
const DIGEST_BYTES = 6;
const ENTRY_BYTES = CONTAINER_BYTES + DIGEST_BYTES;
const BUFFERED_ENTRIES = 8_192;

/** The beginning of a digest of all that is compared of a line, as a number. */
export function digestOf({ stream, timestamp, line }: ComparableLine): number {
  return hash("sha1", `${stream} ${timestamp} ${line}`, "buffer").readUIntBE(0, DIGEST_BYTES);
}

/**
 * What came, eight bytes a line, in a file: the container's number and the line's digest. So the memory of a run does not grow
 * with its lines, and the first line that differs can be named.
 */
export class Journal {
  readonly #path: string;
  readonly #file: number;
  readonly #buffer = Buffer.alloc(BUFFERED_ENTRIES * ENTRY_BYTES);
  #filled = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "w");
  }

  add(container: number, line: ComparableLine): void {
    this.#buffer.writeUIntBE(container, this.#filled, CONTAINER_BYTES);
    this.#buffer.writeUIntBE(digestOf(line), this.#filled + CONTAINER_BYTES, DIGEST_BYTES);
    this.#filled += ENTRY_BYTES;
    if (this.#filled === this.#buffer.length) this.#flush();
  }

  /** The digests of one container's lines, in their order. */
  async read(container: number): Promise<number[]> {
    this.#flush();
    const digests: number[] = [];
    let rest = Buffer.alloc(0);
    for await (const chunk of createReadStream(this.#path, { highWaterMark: 1 << 20 })) {
      const bytes = Buffer.concat([rest, chunk as Buffer]);
      const end = bytes.length - (bytes.length % ENTRY_BYTES);
      for (let at = 0; at < end; at += ENTRY_BYTES) {
        if (bytes.readUIntBE(at, CONTAINER_BYTES) === container)
          digests.push(bytes.readUIntBE(at + CONTAINER_BYTES, DIGEST_BYTES));
      }
      rest = bytes.subarray(end);
    }
    return digests;
  }

  /** Closes and removes the file. */
  close(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #flush(): void {
    for (let at = 0; at < this.#filled;)
      at += writeSync(this.#file, this.#buffer, at, this.#filled - at);
    this.#filled = 0;
  }
}
