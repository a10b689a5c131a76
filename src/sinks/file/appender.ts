import { mkdir, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { refuseOthers } from "../../checkpoint/regular-file.ts";
import { codeOf, messageOf } from "../../errors.ts";
import { Refusal } from "../refusal.ts";
import { lastLineEnd } from "./last-line.ts";
import { prune, rotate, syncFolder } from "./rotated-files.ts";

export interface AppenderOptions {
  readonly maxBytes: number;
  readonly everyMs: number;
  readonly maxFiles: number;
  readonly isSynced: boolean;
}

/** What is known of the file's end from the last call. */
type FileEnd =
  /** Nothing: another process may have been cut short there. */
  | { readonly type: "unknown" }
  /** It ends with a whole line, at that size. */
  | { readonly type: "whole"; readonly size: number }
  /** A write has failed; what stands behind that size is to be taken back. */
  | { readonly type: "torn"; readonly size: number };

/** What can't be opened for writing says so: a folder, a socket. */
const OTHERS = ["EISDIR", "ENXIO"];

/** Appends texts to a file that is rotated by size and time. The file is opened for each text: what others rename is let go. */
export class Appender {
  readonly #path: string;
  readonly #options: AppenderOptions;
  #end: FileEnd = { type: "unknown" };

  constructor(path: string, options: AppenderOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Resolves when the text is written, and synced where that was chosen. */
  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    let file = await this.#open();
    try {
      const size = await this.#mend(file);
      if (await this.#isFull(file, size, bytes.length)) {
        await file.close();
        await rotate(this.#path, new Date());
        this.#end = { type: "whole", size: 0 };
        file = await this.#open();
        // Before the text is there: a failure behind it would have it written twice.
        await prune(this.#path, this.#options.maxFiles);
        await this.#write(file, 0, bytes);
      } else await this.#write(file, size, bytes);
    } finally {
      await file.close();
    }
  }

  /** @throws Refusal where a folder, a device or a pipe has that name: no text could be taken back there, nor synced */
  async #open(): Promise<FileHandle> {
    if (this.#end.type === "unknown") await mkdir(dirname(this.#path), { recursive: true });
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path, "a+");
      refuseOthers(await file.stat());
      return file;
    } catch (error) {
      await file?.close();
      if (file === undefined && !OTHERS.includes(codeOf(error))) throw error;
      throw new Refusal(`${this.#path} can't be appended to: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** The size, once what was cut short is taken back. */
  async #mend(file: FileHandle): Promise<number> {
    const { size } = await file.stat();
    const end = this.#end;
    if (end.type === "whole" && end.size === size) return size;
    const isOwn = end.type === "torn" && end.size <= size;
    const whole = isOwn ? end.size : await lastLineEnd(file, size);
    if (whole === size) return size;
    if (whole > 0 || isOwn) {
      await file.truncate(whole);
      return whole;
    }
    // A text without any line end may be somebody else's: it is kept, as a line.
    await file.appendFile("\n");
    return size + 1;
  }

  async #isFull(file: FileHandle, size: number, more: number): Promise<boolean> {
    const { maxBytes, everyMs } = this.#options;
    if (size === 0) return false;
    if (size + more > maxBytes) return true;
    if (everyMs === Infinity) return false;
    const { mtimeMs } = await file.stat();
    return Math.floor(mtimeMs / everyMs) < Math.floor(Date.now() / everyMs);
  }

  async #write(file: FileHandle, size: number, bytes: Buffer): Promise<void> {
    const { isSynced } = this.#options;
    this.#end = { type: "torn", size };
    await file.appendFile(bytes);
    if (isSynced) await file.datasync();
    if (isSynced && size === 0) await syncFolder(this.#path);
    this.#end = { type: "whole", size: size + bytes.length };
  }
}
