import { readSync } from "node:fs";
import { dirname } from "node:path";
import { LONGEST_ENTRY } from "./file-decoder.ts";
import type { Decoded } from "./file-decoder.ts";
import { isOnLocalDisk } from "./local-disk.ts";
import { deletedAt } from "./log-content.ts";
import type { ContentLook, ContentRead, JustWritten, LogContent } from "./log-content.ts";
import type { OpenFile } from "./open-file.ts";
import { withReadBuffer } from "./read-buffers.ts";

/** So many bytes before the place are read again each time: where they have changed the file was begun anew. */
const KNOWN_BYTES = 64;
/** In so many an entry has an end. */
const LONG_BYTES = 2 * LONGEST_ENTRY;

/** So much is read at once where nothing is to be waited for. */
const NOW_BYTES = 64 * 1024;
const justWritten = Buffer.allocUnsafeSlow(NOW_BYTES);

/** A log file as it is written. */
export class PlainContent implements LogContent {
  readonly isFinal = false;
  readonly path: string;
  readonly inode: string;
  readonly #file: OpenFile;
  #offset: number;
  /** The bytes right before the place. */
  #known: Buffer;
  /** More than a usual buffer holds is needed for what comes next. */
  #isLong = false;
  /** What was just written can be read without waiting. Undefined: not looked at yet. */
  #isInMemory: boolean | undefined;

  /** `known`: the bytes right before `offset`, or some of them. */
  constructor(file: OpenFile, offset: number = 0, known: Buffer = Buffer.alloc(0)) {
    this.#known = known;
    this.path = file.path;
    this.inode = file.inode;
    this.#file = file;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  async read(decode: (bytes: Buffer) => Decoded): Promise<ContentRead> {
    if (this.#isLong) return this.#read(Buffer.allocUnsafeSlow(LONG_BYTES), decode);
    return withReadBuffer((buffer) => this.#read(buffer, decode));
  }

  async head(bytes: number): Promise<Buffer> {
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await this.#file.handle.read(buffer, 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  }

  async readNow(decode: (bytes: Buffer) => Decoded): Promise<JustWritten | undefined> {
    const { handle, isUntouched } = this.#file;
    this.#isInMemory ??= isUntouched && (await isOnLocalDisk(dirname(this.path)));
    if (!this.#isInMemory || this.#isLong) return undefined;
    const { length } = this.#known;
    const bytesRead = readSync(handle.fd, justWritten, 0, NOW_BYTES, this.#offset - length);
    const isSame = this.#known.equals(justWritten.subarray(0, Math.min(length, bytesRead)));
    if (!isSame) return undefined;
    if (bytesRead === length) return { pieces: [], consumed: 0, isAll: true };
    const decoded = decode(justWritten.subarray(length, bytesRead));
    if (decoded.consumed === 0) return undefined;
    this.#advance(justWritten, decoded.consumed);
    return { ...decoded, isAll: length + decoded.consumed === bytesRead && bytesRead < NOW_BYTES };
  }

  restart(): void {
    this.#offset = 0;
    this.#known = Buffer.alloc(0);
    this.#isLong = false;
  }

  async look(): Promise<ContentLook> {
    const stats = await this.#file.handle.stat({ bigint: true });
    const heldBytes = Math.max(0, Number(stats.size) - this.#offset);
    return { heldBytes, deletedAt: deletedAt(stats), born: stats.birthtimeNs };
  }

  close(): Promise<void> {
    return this.#file.handle.close();
  }

  async #read(buffer: Buffer, decode: (bytes: Buffer) => Decoded): Promise<ContentRead> {
    const known = this.#known;
    const from = this.#offset - known.length;
    const { bytesRead } = await this.#file.handle.read(buffer, 0, buffer.length, from);
    if (!known.equals(buffer.subarray(0, Math.min(known.length, bytesRead)))) return "emptied";
    if (bytesRead === known.length) return "end";
    const bytes = buffer.subarray(known.length, bytesRead);
    const decoded = decode(bytes);
    this.#isLong =
      decoded.consumed === 0 && bytesRead === buffer.length && buffer.length < LONG_BYTES;
    if (decoded.consumed === 0) return this.#isLong ? decoded : "end";
    this.#advance(buffer, decoded.consumed);
    return decoded;
  }

  /** `buffer` has what is known before the place, and behind that what was taken. */
  #advance(buffer: Buffer, consumed: number): void {
    this.#offset += consumed;
    const end = this.#known.length + consumed;
    this.#known = Buffer.from(buffer.subarray(Math.max(0, end - KNOWN_BYTES), end));
  }
}

/** The file from `offset` on. */
export async function openAt(file: OpenFile, offset: number): Promise<PlainContent> {
  const length = Math.min(KNOWN_BYTES, offset);
  const known = Buffer.alloc(length);
  const { bytesRead } = await file.handle.read(known, 0, length, offset - length);
  return new PlainContent(file, offset, known.subarray(0, bytesRead));
}
