import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type {
  FilePlace,
  FilesFrom,
  LogFileReader,
  LogLocation,
} from "../../src/files/log-files.ts";
import { openLogFiles } from "../../src/files/open-log-files.ts";

const START = Date.UTC(2026, 10, 23, 15, 58, 34);

/** A `json-file` log that is written and rotated as the engine does it (moby, `daemon/logger/loggerutils/logfile.go`). */
export class WrittenLog implements AsyncDisposable {
  readonly root: string;
  readonly path: string;
  readonly texts: string[] = [];
  readonly #maxFiles: number;
  readonly #fileBytes: number | undefined;
  #milliseconds = 0;

  /** `fileBytes`: what the reader is told of a full file's size. */
  static async create(maxFiles = 3, fileBytes?: number): Promise<WrittenLog> {
    const root = await mkdtemp(join(tmpdir(), "dockspool-files-"));
    return new WrittenLog(root, maxFiles, fileBytes);
  }

  private constructor(root: string, maxFiles: number, fileBytes: number | undefined) {
    this.root = root;
    this.#maxFiles = maxFiles;
    this.#fileBytes = fileBytes;
    mkdirSync(join(root, "containers", "c1"), { recursive: true });
    this.path = join(root, "containers", "c1", "c1-json.log");
    writeFileSync(this.path, "");
  }

  get location(): LogLocation {
    const folder = dirname(this.path);
    const { root, path } = this;
    return { root, path, folder, format: "json-file", tty: false, fileBytes: this.#fileBytes };
  }

  timestamp(index: number): string {
    return new Date(START + index).toISOString().replace("Z", "000000Z");
  }

  /** So many numbered lines. */
  write(count: number, text = ""): void {
    let all = "";
    for (let line = 0; line < count; line++) {
      const number = this.#milliseconds++;
      this.texts.push(`${number}${text}`);
      const time = this.timestamp(number).replace(/0+Z$/, "Z").replace(".Z", "Z");
      all += `{"log":"${number}${text}\\n","stream":"stdout","time":"${time}"}\n`;
    }
    this.writeRaw(all);
  }

  writeRaw(text: string | Buffer): void {
    appendFileSync(this.path, text);
  }

  /** The next file is begun; `compress` takes the newest of the old ones. */
  rotate(): void {
    if (this.#maxFiles < 2) {
      writeFileSync(this.path, "");
      return;
    }
    for (const end of ["", ".gz"])
      rmSync(`${this.path}.${this.#maxFiles - 1}${end}`, { force: true });
    for (let number = this.#maxFiles - 1; number > 1; number--)
      for (const end of ["", ".gz"]) this.#rename(`.${number - 1}${end}`, `.${number}${end}`);
    this.#rename("", ".1");
    writeFileSync(this.path, "");
  }

  laterTimes(byMs?: number): Promise<void> {
    return laterTimes(this.root, byMs);
  }

  /** So many log rotations, each at a later time and with five lines behind it. */
  async rotateLater(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      await this.laterTimes();
      this.rotate();
      this.write(5);
    }
  }

  /** Of what is written only half is there. */
  beginCompression(): void {
    const all = gzipSync(readFileSync(`${this.path}.1`));
    writeFileSync(`${this.path}.1.gz`, all.subarray(0, all.length / 2));
  }

  compress(): void {
    writeFileSync(`${this.path}.1.gz`, gzipSync(readFileSync(`${this.path}.1`)));
    rmSync(`${this.path}.1`);
  }

  async open(from: FilesFrom = { type: "start" }): Promise<LogFileReader> {
    const reader = await openLogFiles(this.location, from);
    if (reader === undefined) throw new Error("The log can't be opened from there.");
    return reader;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  #rename(from: string, to: string): void {
    try {
      renameSync(this.path + from, this.path + to);
    } catch {
      // Not every number has a file.
    }
  }
}

/** What is made or deleted there from now on bears a later time, by so much: a file system's clock stands still for some milliseconds. */
export async function laterTimes(folder: string, byMs = 0): Promise<void> {
  const time = (): bigint => {
    const path = join(folder, "now");
    writeFileSync(path, "");
    const { birthtimeNs } = statSync(path, { bigint: true });
    rmSync(path);
    return birthtimeNs;
  };
  const before = time() + BigInt(byMs) * 1_000_000n;
  while (time() <= before) await new Promise((resolve) => setImmediate(resolve));
}

export interface ReadLog {
  /** Texts, and for each hole its cause. */
  readonly shown: readonly string[];
  readonly places: readonly FilePlace[];
  readonly end: "end" | "gone";
}

/** Reads to the end of what is there now. */
export async function readOn(reader: LogFileReader): Promise<ReadLog> {
  const shown: string[] = [];
  const places: FilePlace[] = [];
  for (;;) {
    const news = await reader.next();
    if (news.type === "hole") shown.push(news.cause);
    else if (news.type === "entries")
      for (const [index, { text }] of Array.from(news.entries).entries()) {
        shown.push(text.toString());
        places.push(news.place(index));
      }
    else return { shown, places, end: news.type };
  }
}

/** How many of this process's descriptors are files in a folder. */
export function descriptorsBelow(folder: string): number {
  const targets = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(join("/proc/self/fd", descriptor));
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(folder)).length;
}
