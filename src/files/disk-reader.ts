import type { Entries, Entry } from "../wire/entry.ts";
import { detached, isLongBefore } from "../wire/timestamps.ts";
import { inodeOf } from "./file-chain.ts";
import type { FileDecoder, FilePiece } from "./file-decoder.ts";
import type { FileSeam } from "./file-seam.ts";
import { FilesBehind } from "./files-behind.ts";
import type { FileBehind } from "./files-behind.ts";
import type { LogContent } from "./log-content.ts";
import type { FileHole, FileNews, LogFileReader } from "./log-files.ts";
import { contentOf } from "./log-folder.ts";
import type { LogFolder, Opened } from "./log-folder.ts";
import type { FileOrdinal } from "./rotation-count.ts";
import { filesSoFar, startIn } from "./log-start.ts";
import type { LogStart } from "./log-start.ts";
import type { FormatRules } from "./log-format.ts";
import { countReader } from "./read-buffers.ts";
import { readable } from "./unreadable.ts";
import { newsOf } from "./entries-news.ts";
import { QuietFile } from "./quiet-file.ts";

/** With the first read, and after so many, it looks what there is behind the file, so that it is open before it is deleted. */
const READS_BEFORE_LOOK = 16;

/** Half an entry that has stood so long may be damage: an entry is written at once. */
const STILL_MS = 1_000;

/** How much of the file's end is not whole, and since when, by `performance.now()`; `-Infinity`: nothing can be added. */
interface Held {
  readonly bytes: number;
  readonly since: number;
}

/** Where reading begins. */
export interface Beginning {
  readonly content: LogContent;
  /** As it was found; undefined where it was open before. */
  readonly opened?: Opened;
  /** Which of the log's files it is, where that is known. */
  readonly ordinal?: FileOrdinal | undefined;
  /** So many entries of the file are passed over. */
  readonly skip: number;
  /** Where it begins with the log's first entry. */
  readonly start: LogStart | undefined;
}

/** What it reads. */
type Reading =
  /** The log has no file yet. */
  | { readonly type: "nothing" }
  /** The file that is written, or one whose next one is not known. */
  | { readonly type: "newest"; readonly content: LogContent }
  /** A file that was renamed, or compressed: nothing is added any more. */
  | { readonly type: "older"; readonly content: LogContent }
  | { readonly type: "closed" };

/** Reads the files of a log, one behind the other, each to its end. */
export class DiskReader implements LogFileReader {
  readonly fromStart: boolean;
  readonly #folder: LogFolder;
  readonly #behind: FilesBehind;
  readonly #decoder: FileDecoder;
  #start: LogStart | undefined;
  #reading: Reading;
  #news: FileNews[] = [];
  /** Damage that may go on. */
  #hole: FileHole | undefined;
  #skip: number;
  /** The last timestamp that was read. */
  #after: string | undefined;
  /** Nothing of the file that is read has come yet, and it is not the first one. */
  #isEntering = false;
  readonly #seam: FileSeam;
  #reads = 0;
  /** Something was written, as far as is known. */
  #hasChanged = false;
  /** What was just written was read to the file's end. */
  #isAll = false;
  #held: Held = { bytes: 0, since: 0 };
  #busy: Promise<unknown> = Promise.resolve();
  readonly #quiet: QuietFile;
  readonly #uncount: () => void = countReader();

  static async open(
    folder: LogFolder,
    rules: FormatRules,
    beginning: Beginning | undefined,
    seam: FileSeam,
  ): Promise<DiskReader> {
    const reader = new DiskReader(folder, rules, beginning, seam);
    if (beginning === undefined || !(await folder.isSwift())) return reader;
    // What is behind it may be deleted before the first read.
    try {
      if (beginning.opened !== undefined) await reader.#behind.begin(beginning.opened);
      await reader.#look(beginning.content);
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  private constructor(
    folder: LogFolder,
    rules: FormatRules,
    beginning: Beginning | undefined,
    seam: FileSeam,
  ) {
    this.#folder = folder;
    this.#seam = seam;
    this.#behind = new FilesBehind(folder, beginning?.ordinal);
    this.#quiet = new QuietFile(folder.path);
    this.#decoder = rules.decoder();
    this.#skip = beginning?.skip ?? 0;
    this.#start = beginning?.start;
    this.fromStart = beginning === undefined || beginning.start !== undefined;
    this.#reading =
      beginning === undefined
        ? { type: "nothing" }
        : { type: "newest", content: beginning.content };
  }

  get filesAtStart(): number | undefined {
    return this.#start?.files;
  }

  get hasFile(): boolean {
    return this.#reading.type !== "nothing";
  }

  get isHolding(): boolean {
    return this.#held.bytes > 0 || this.#decoder.isHolding;
  }

  changed(): void {
    this.#quiet.changed();
    this.#hasChanged = true;
    this.#isAll = false;
  }

  async isOvertaken(): Promise<boolean> {
    // Looked at in any case: whoever asks again and again lets others go on meanwhile.
    const newest = await inodeOf(this.#folder.path).catch(() => undefined);
    const reading = this.#reading;
    if (reading.type !== "newest") return reading.type === "older";
    return newest !== reading.content.inode;
  }

  next(): Promise<FileNews> {
    const news = readable(this.#folder.path, () => this.#next());
    this.#busy = news.catch(() => {});
    return news;
  }

  remains(): readonly Entry[] {
    return this.#decoder.remains();
  }

  async close(): Promise<void> {
    await this.#busy;
    const reading = this.#reading;
    this.#reading = { type: "closed" };
    this.#uncount();
    if (reading.type === "newest" || reading.type === "older") await reading.content.close();
    await this.#behind.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #next(): Promise<FileNews> {
    if (this.#hasChanged) await this.#readNow();
    else if (await this.#quiet.isUnchanged()) return { type: "end" };
    for (;;) {
      const first = this.#news.shift();
      if (first !== undefined) return first;
      if (this.#hasShownAll()) return { type: "end" };
      const end = await this.#read();
      if (end === "on") continue;
      this.#judgeSeam(this.#folder.path);
      this.#tellHole();
      if (this.#news.length > 0) continue;
      const reading = this.#reading;
      const isWhole = reading.type === "newest" && this.#held.bytes === 0;
      await this.#quiet.readTo(isWhole ? reading.content.offset : undefined);
      return { type: end };
    }
  }

  async #readNow(): Promise<void> {
    this.#hasChanged = false;
    if (this.#reading.type !== "newest") return;
    const { content } = this.#reading;
    const { offset } = content;
    const read = await content.readNow((bytes) => this.#decoder.decode(bytes));
    if (read === undefined) return;
    for (const piece of read.pieces) this.#take(piece, content, offset);
    if (read.isAll) this.#held = { bytes: 0, since: 0 };
    this.#isAll = read.isAll && this.#hole === undefined;
  }

  /** Where what was just written is all of the newest file, there is no more to look at. */
  #hasShownAll(): boolean {
    const isAll = this.#isAll;
    this.#isAll = false;
    const reading = this.#reading;
    return isAll && reading.type === "newest" && this.#folder.newestNow() === reading.content.inode;
  }

  get #isStill(): boolean {
    const { bytes, since } = this.#held;
    return bytes > 0 && performance.now() - since >= STILL_MS;
  }

  /** "on": something was read, or there is more. */
  async #read(): Promise<"on" | "end" | "gone"> {
    const reading = this.#reading;
    if (reading.type === "closed") return "end";
    if (reading.type === "nothing") return this.#begin();
    const { content } = reading;
    const { offset } = content;
    const isStill = this.#isStill;
    const read = await content.read((bytes) => this.#decoder.decode(bytes, isStill));
    if (typeof read === "object") {
      for (const piece of read.pieces) this.#take(piece, content, offset);
      if (this.#reads++ % READS_BEFORE_LOOK === 0) await this.#look(content);
      return "on";
    }
    if (read === "end") return this.#atEnd(content);
    this.#lose(read, content.path, offset, undefined);
    this.#decoder.restart();
    content.restart();
    return "on";
  }

  async #begin(): Promise<"on" | "end" | "gone"> {
    const opened = await this.#folder.open((chain) => chain[0]);
    if (opened === undefined) return (await this.#folder.isThere()) ? "end" : "gone";
    this.#start = startIn(opened.file);
    await this.#behind.begin(opened);
    await this.#enter(contentOf(opened));
    return "on";
  }

  #take(piece: FilePiece, content: LogContent, offset: number): void {
    if (piece.type === "hole") {
      this.#judgeSeam(content.path);
      // The first entry is not known.
      if (this.#after === undefined) this.#start &&= { ...this.#start, born: 0n };
      this.#lose("damaged", content.path, offset + piece.from, piece.to - piece.from);
      return;
    }
    const { entries, ends } = piece;
    const first = entries.at(0)?.timestamp;
    this.#judgeSeam(content.path, entries);
    this.#seam.read(entries);
    const skipped = Math.min(this.#skip, entries.length);
    this.#skip -= skipped;
    if (skipped === entries.length) return;
    if (this.#isEntering && this.#hole === undefined && this.#isOlder(first))
      this.#lose("deleted", content.path, 0, undefined);
    this.#isEntering = false;
    this.#tellHole();
    if (this.#after === undefined && first !== undefined)
      this.#start &&= { ...this.#start, files: filesSoFar(this.#start, first) };
    // A chunk is not kept for one of its times.
    this.#after = detached(entries.at(-1)?.timestamp ?? "");
    this.#news.push(newsOf(entries, ends, skipped, content.inode, offset));
  }

  /** All of the file that there is was read. */
  async #atEnd(content: LogContent): Promise<"on" | "end" | "gone"> {
    const reading = this.#reading;
    // What was written before it was renamed may have come since the last read.
    const wasOlder = reading.type === "older" || content.isFinal;
    if (!wasOlder) {
      await this.#look(content);
      if (this.#reading.type === "older") return "on";
    }
    const { heldBytes, deletedAt } = await content.look();
    const isKnown = heldBytes === this.#held.bytes;
    if (!wasOlder) {
      if (!isKnown) this.#held = { bytes: heldBytes, since: performance.now() };
      return "end";
    }
    if (heldBytes > 0 && !(isKnown && this.#held.since === -Infinity)) {
      // One more look tells what is behind a half entry.
      this.#held = { bytes: heldBytes, since: -Infinity };
      return "on";
    }
    const look = this.#behind.isEmpty ? await this.#behind.look(content) : "there";
    const next = this.#behind.take();
    if (next !== undefined) return this.#leave(content, heldBytes, next);
    return look === "gone" && deletedAt !== undefined ? "gone" : "end";
  }

  async #leave(content: LogContent, heldBytes: number, next: FileBehind): Promise<"on"> {
    if (heldBytes > 0) this.#lose("damaged", content.path, content.offset, heldBytes);
    try {
      await this.#enter(next.content, next.isLost);
    } finally {
      await content.close();
    }
    return "on";
  }

  async #enter(content: LogContent, isLost: boolean = false): Promise<void> {
    this.#isEntering = this.#after !== undefined;
    this.#seam.enter(isLost);
    this.#reading = { type: "newest", content };
    this.#held = { bytes: 0, since: 0 };
    this.#reads = 1;
    await this.#look(content);
  }

  /** A file behind which others stand, or that is gone, is not written any more. */
  async #look(content: LogContent): Promise<void> {
    const look = await this.#behind.look(content);
    if (look === "gone" || content.isFinal || !this.#behind.isEmpty)
      this.#reading = { type: "older", content };
  }

  /** Somebody has put another file in the log's place: in those that the engine begins time goes on. */
  #isOlder(first: string | undefined): boolean {
    return first !== undefined && this.#after !== undefined && isLongBefore(first, this.#after);
  }

  /** `entries`: what the file begins with, where anything has come of it. */
  #judgeSeam(path: string, entries?: Entries): void {
    if (this.#seam.isBroken(entries)) this.#lose("deleted", path, 0, undefined);
  }

  #lose(cause: FileHole["cause"], path: string, offset: number, bytes: number | undefined): void {
    const hole = this.#hole;
    const end = hole?.bytes === undefined ? undefined : hole.offset + hole.bytes;
    if (hole?.path === path && hole.cause === cause && end === offset && bytes !== undefined) {
      this.#hole = { ...hole, bytes: offset + bytes - hole.offset };
      return;
    }
    this.#tellHole();
    this.#hole = { type: "hole", cause, path, offset, bytes, after: this.#after };
  }

  #tellHole(): void {
    if (this.#hole !== undefined) this.#news.push(this.#hole);
    this.#hole = undefined;
  }
}
