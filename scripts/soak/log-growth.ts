import { open } from "node:fs/promises";

/** What ends a line in a file of the json-file driver; a part of a long line has no "\n". */
const LINE_END = Buffer.from(String.raw`\n","stream"`);
const PIECE_BYTES = 1 << 16;

/** Counts the whole lines of a json-file log while it grows, each byte once. */
export class LogGrowth {
  readonly #path: string;
  #offset = 0;
  /** The end of what was read, shorter than a line's end. */
  #rest: Buffer = Buffer.alloc(0);
  #lines = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Reads on to the end. */
  async look(): Promise<void> {
    const file = await open(this.#path);
    try {
      for (;;) {
        const piece = Buffer.alloc(PIECE_BYTES);
        const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        this.#count(Buffer.concat([this.#rest, piece.subarray(0, bytesRead)]));
      }
    } finally {
      await file.close();
    }
  }

  #count(bytes: Buffer): void {
    let at = bytes.indexOf(LINE_END);
    for (; at !== -1; at = bytes.indexOf(LINE_END, at + LINE_END.length)) this.#lines += 1;
    this.#rest = Buffer.from(bytes.subarray(Math.max(0, bytes.length - LINE_END.length + 1)));
  }
}
