import type { FileNews, LogFileReader } from "../files/log-files.ts";
import type { Entry } from "../wire/entry.ts";

type Shown = Exclude<FileNews, { type: "end" | "gone" }>;

/** A log's files as they are read, with what was shown of them and not taken: who goes on with them is shown that first. */
export class ShownFiles {
  readonly #files: LogFileReader;
  /** What stands behind the place, or the last that was shown. */
  #shown: readonly Shown[] = [];
  /** So much of it was shown by this read. */
  #count = 0;
  /** What this read has shown last. */
  #last: Shown | undefined;
  #isAtPlace = false;

  constructor(files: LogFileReader) {
    this.#files = files;
  }

  /** The next read goes on right behind what was taken. */
  get isAtPlace(): boolean {
    return this.#isAtPlace;
  }

  get fromStart(): boolean {
    return this.#files.fromStart;
  }

  get filesAtStart(): number | undefined {
    return this.#files.filesAtStart;
  }

  get hasFile(): boolean {
    return this.#files.hasFile;
  }

  get isHolding(): boolean {
    return this.#files.isHolding;
  }

  isOvertaken(): Promise<boolean> {
    return this.#files.isOvertaken();
  }

  /** As `LogFileReader.changed`. */
  changed(): void {
    this.#files.changed();
  }

  /** As `LogFileReader.next`. */
  async next(): Promise<FileNews> {
    const again = this.#shown[this.#count];
    if (again !== undefined) {
      this.#count++;
      this.#last = again;
      return again;
    }
    const news = await this.#files.next();
    const isEnd = news.type === "end" || news.type === "gone";
    const kept = this.#isAtPlace ? this.#shown : [];
    this.#shown = isEnd ? kept : [...kept, news];
    this.#count = this.#shown.length;
    this.#last = isEnd ? undefined : news;
    return news;
  }

  /** What was shown is taken, or stands before the place; of the last entries the first `count` ones. */
  passed(count: number): void {
    const rest = this.#last === undefined ? [] : behind(this.#last, count);
    this.#shown = [...rest, ...this.#shown.slice(this.#count)];
    this.#count = rest.length;
    this.#isAtPlace = true;
  }

  /** Another read begins. */
  begin(): void {
    this.#count = 0;
    this.#last = undefined;
    // Nobody has watched them meanwhile.
    this.#files.changed();
  }

  remains(): readonly Entry[] {
    return this.#files.remains();
  }

  close(): Promise<void> {
    return this.#files.close();
  }
}

function behind(news: Shown, count: number): Shown[] {
  if (news.type === "hole" || count >= news.entries.length) return [];
  const place = (index: number): ReturnType<typeof news.place> => news.place(count + index);
  return [{ type: "entries", entries: news.entries.slice(count), place }];
}
