import type { FileHandle } from "node:fs/promises";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip } from "node:zlib";
import type { Gunzip } from "node:zlib";
import type { Decoded } from "./file-decoder.ts";
import { deletedAt } from "./log-content.ts";
import type { ContentLook, ContentRead, LogContent } from "./log-content.ts";
import type { OpenFile } from "./open-file.ts";

/** Head and tail of an empty one. */
const LEAST_BYTES = 20;
const CHUNK_BYTES = 128 * 1024;

/** The content of a file that the engine has compressed, from its beginning. */
export class GzContent implements LogContent {
  readonly isFinal = true;
  readonly path: string;
  readonly inode: string;
  readonly #file: OpenFile;
  #stream: Decompression | undefined;
  #offset = 0;
  #held = Buffer.alloc(0);
  #isOver = false;

  constructor(file: OpenFile) {
    this.path = file.path;
    this.inode = file.inode;
    this.#file = file;
  }

  get offset(): number {
    return this.#offset;
  }

  async read(decode: (bytes: Buffer) => Decoded): Promise<ContentRead> {
    if (this.#isOver) return this.#decode(this.#held, decode);
    this.#stream ??= decompressed(this.#file);
    const chunk = await nextOf(this.#stream.chunks);
    if (chunk === undefined || chunk === "damaged") {
      this.#isOver = true;
      return chunk ?? ((await this.#isWhole()) ? "end" : "damaged");
    }
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return this.#decode(bytes, decode);
  }

  readNow(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** Behind damage nothing more comes. */
  restart(): void {
    this.#held = Buffer.alloc(0);
  }

  #decode(bytes: Buffer, decode: (bytes: Buffer) => Decoded): ContentRead {
    const decoded = decode(bytes);
    this.#offset += decoded.consumed;
    this.#held = Buffer.from(bytes.subarray(decoded.consumed));
    return this.#isOver && decoded.consumed === 0 ? "end" : decoded;
  }

  async look(): Promise<ContentLook> {
    const stats = await this.#file.handle.stat({ bigint: true });
    const { birthtimeNs: born } = stats;
    return { heldBytes: this.#held.length, deletedAt: deletedAt(stats), born };
  }

  head(bytes: number): Promise<Buffer> {
    return headOf(this.#file, bytes);
  }

  /** The file's last bytes tell how long its content is (RFC 1952, ISIZE); where it is several files, joined, that of the last one. */
  async #isWhole(): Promise<boolean> {
    const { handle } = this.#file;
    const { size } = await handle.stat();
    if (size < LEAST_BYTES) return false;
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, size - 4);
    const isOne = buffer.readUInt32LE() === (this.#offset + this.#held.length) % 2 ** 32;
    return isOne || hasEnd(handle);
  }

  /** Reads no more, and leaves the file open. */
  stop(): void {
    this.#stream?.gunzip.destroy();
    this.#isOver = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.#file.handle.close();
  }
}

/** From the beginning. A stream of the handle's own would close it. */
async function* bytesOf(handle: FileHandle): AsyncGenerator<Buffer, undefined> {
  for (let position = 0; ;) {
    const into = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await handle.read(into, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield into.subarray(0, bytesRead);
  }
}

/** It is decompressed once more, without what lets half of it be shown. */
async function hasEnd(handle: FileHandle): Promise<boolean> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(bytesOf(handle), createGunzip({ chunkSize: CHUNK_BYTES }), nowhere);
    return true;
  } catch (error) {
    return unlessRead(error, false);
  }
}

/** Undefined at the end. */
async function nextOf(
  chunks: AsyncIterator<Buffer, undefined>,
): Promise<Buffer | "damaged" | undefined> {
  try {
    return (await chunks.next()).value;
  } catch (error) {
    return unlessRead(error, "damaged");
  }
}

/** What the disk does not give may be had by another try, and is no damage. */
function unlessRead<T>(error: unknown, otherwise: T): T {
  if (error instanceof Error && "syscall" in error) throw error;
  return otherwise;
}

/** The first bytes of a compressed file's content, as far as they can be read. */
export async function headOf(file: OpenFile, bytes: number): Promise<Buffer> {
  const { gunzip, chunks } = decompressed(file, Math.min(bytes, CHUNK_BYTES));
  try {
    let head = Buffer.alloc(0);
    while (head.length < bytes) {
      const chunk = await nextOf(chunks);
      if (chunk === undefined || chunk === "damaged") break;
      head = Buffer.concat([head, chunk]);
    }
    return head.subarray(0, bytes);
  } finally {
    gunzip.destroy();
  }
}

interface Decompression {
  readonly gunzip: Gunzip;
  readonly chunks: AsyncIterator<Buffer, undefined>;
}

function decompressed({ handle }: OpenFile, chunkSize: number = CHUNK_BYTES): Decompression {
  // What is there of half a file is read; its length then tells that it is no more than that.
  const gunzip = createGunzip({ chunkSize, finishFlush: constants.Z_SYNC_FLUSH });
  const chunks: AsyncIterator<Buffer, undefined> = gunzip[Symbol.asyncIterator]();
  // A failure is the iterator's.
  pipeline(bytesOf(handle), gunzip).catch(() => {});
  return { gunzip, chunks };
}
