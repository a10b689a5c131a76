import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { descriptorsBelow } from "../files/written-log.ts";
import { Follower } from "./fake-follow.ts";
import { FileLog, dataRoot } from "./file-log.ts";

/** What is in the buffer and in hand is less than a file of so many lines. */
const FILE_LINES = 40;
const LINE_BYTES = 8 * 1024;
/** A line that is read behind others. */
export const BEHIND = 15;
/** So many stay of those that there are. */
export const FILES = 5;

interface SlowReadingOptions extends SourceOptions {
  /** How many files there are at first. Default: 5. */
  readonly fileCount?: number;
  /** Of the first file. Default: 40. */
  readonly lines?: number;
  /** The consumer sleeps there. Default: 0. */
  readonly asleepAt?: number;
  readonly isStopped?: boolean;
}

interface Came {
  readonly lines: readonly string[];
  readonly gaps: number;
}

function line(number: number): string {
  return `line ${number}`.padEnd(LINE_BYTES);
}

/** A source that reads the oldest of a log's files, and holds the others open; its consumer sleeps. */
export class SlowReading implements AsyncDisposable {
  readonly root: string;
  readonly fake: FakeEngine;
  readonly web: FakeContainer;
  readonly log: FileLog;
  readonly source: ContainerLogSource;
  readonly follower: Follower;
  wake: () => void = () => {};
  #lines = 0;

  static async begin({
    fileCount = FILES,
    ...options
  }: SlowReadingOptions = {}): Promise<SlowReading> {
    const reading = new SlowReading(await FakeEngine.start(), fileCount, options);
    await reading.follower.has((options.asleepAt ?? 0) + 1);
    await reading.follower.until(
      () => reading.open === fileCount,
      `${fileCount} files that are open`,
    );
    return reading;
  }

  private constructor(
    fake: FakeEngine,
    fileCount: number,
    { lines = FILE_LINES, asleepAt = 0, isStopped = false, ...options }: SlowReadingOptions,
  ) {
    this.root = dataRoot();
    this.fake = fake;
    this.web = fake.create({ name: "web", logDriver: "json-file" });
    this.log = new FileLog(this.web, this.root);
    this.write(lines);
    this.fill(fileCount - 1);
    if (isStopped) this.web.stop();
    const asleep = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.source = new ContainerLogSource("web", {
      engine: fake.engine,
      read: "files",
      files: { root: this.root },
      bufferBytes: 1,
      ...options,
    });
    this.follower = new Follower(this.source, (_, index) =>
      index < asleepAt ? undefined : asleep,
    );
  }

  /** How many of its files are. */
  get open(): number {
    return descriptorsBelow(this.root);
  }

  /** That file is, and no other. */
  isOpen(path: string): boolean {
    return this.open === 1 && descriptorsBelow(path) === 1;
  }

  write(lines: number): void {
    this.log.write(...Array.from({ length: lines }, () => line(this.#lines++)));
  }

  /** So many files are begun and filled. */
  fill(files: number): void {
    for (let file = 0; file < files; file++) {
      this.log.rotate({ keep: FILES });
      this.write(FILE_LINES);
    }
  }

  /** All that there was but the newest file is deleted. */
  overtake(): void {
    this.fill(FILES - 1);
  }

  /** What has come once the consumer is awake, and as many lines as were written have. */
  async read(): Promise<Came> {
    this.wake();
    await this.follower.has(this.#lines);
    return { lines: this.follower.texts, gaps: this.follower.seen("gap").length };
  }

  /** Each line once. */
  all(gaps = 0): Came {
    return { lines: Array.from({ length: this.#lines }, (_, at) => line(at)), gaps };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.close();
    await this.fake.close();
  }
}
