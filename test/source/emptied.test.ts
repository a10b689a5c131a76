/** @module-tag long */
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Cursor } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Follower, eager } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";
import { propertyRuns } from "../support/size.ts";
import { numberOf } from "../support/told-holes.ts";

const RUNS = propertyRuns({ short: 20, long: 600 });
/** So many files are kept. */
const FILES = 3;

type Act =
  | { readonly kind: "write"; readonly lines: number }
  | {
      readonly kind:
        | "empty"
        | "rotate the log"
        | "rotate and compress it"
        | "rotate the source"
        | "rotate the source, unawaited"
        | "resume"
        | "wait";
    };

const arbitraryAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), lines: fc.integer({ min: 1, max: 300 }) }),
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "empty" as const,
        "rotate the log" as const,
        "rotate and compress it" as const,
        "rotate the source" as const,
        "rotate the source, unawaited" as const,
        "resume" as const,
        "wait" as const,
      ),
    }),
  },
);

interface Line {
  readonly number: number;
  readonly timestamp: string;
}

interface Gap {
  readonly after: string;
  readonly before?: string;
}

/** A log that is emptied by hand while it is read, and what was read of it by one source after the other. */
class EmptiedLog {
  readonly #web: FakeContainer;
  readonly #log: FileLog;
  readonly #begin: (resume: Cursor | undefined) => Follower;
  readonly #lines: Line[] = [];
  readonly #gaps: Gap[] = [];
  #follower: Follower;
  #cursor: Cursor | undefined;
  #written = 0;
  /** The first line of the file that is written. */
  #first = 0;

  /** Its first line was read. */
  static async begin(fake: FakeEngine): Promise<EmptiedLog> {
    const log = new EmptiedLog(fake);
    log.#write(1);
    await log.#shows(0);
    return log;
  }

  private constructor(fake: FakeEngine) {
    const root = dataRoot();
    this.#web = fake.create({ name: "web", logDriver: "json-file" });
    this.#log = new FileLog(this.#web, root);
    const options = { engine: fake.engine, read: "files", files: { root }, ...eager } as const;
    this.#begin = (resume) =>
      new Follower(new ContainerLogSource("web", { ...options, ...(resume && { resume }) }));
    this.#follower = this.#begin(undefined);
  }

  async act(act: Act): Promise<void> {
    switch (act.kind) {
      case "write":
        return this.#write(act.lines);
      case "empty":
        return this.#empty();
      case "rotate the log":
      case "rotate and compress it":
        return this.#rotate(act.kind === "rotate and compress it");
      case "rotate the source":
        await this.#follower.source.rotate();
        return;
      case "rotate the source, unawaited":
        return void this.#follower.source.rotate();
      case "resume":
        await this.#close();
        this.#follower = this.#begin(this.#cursor);
        return;
      case "wait":
        await delay(10);
    }
  }

  /** What is wrong in what was read: lines that came again, or are missing without a gap. */
  async faults(): Promise<string[]> {
    this.#write(2);
    await this.#shows(this.#written - 1);
    await this.#close();
    const faults: string[] = [];
    let last: Line = { number: -1, timestamp: "" };
    for (const line of this.#lines) {
      const isTold = this.#gaps.some(
        ({ after, before = "9" }) => after < line.timestamp && before > last.timestamp,
      );
      const isNext = line.number === last.number + 1;
      if (!isNext && !(isTold && line.number > last.number))
        faults.push(`${line.number} after ${last.number}`);
      last = line;
    }
    return faults;
  }

  #write(lines: number): void {
    const from = this.#written;
    this.#written += lines;
    this.#log.write(...Array.from({ length: lines }, (_, at) => `line ${from + at}`));
  }

  /** Some of it was read: what is written and emptied between two looks leaves no trace. */
  async #empty(): Promise<void> {
    if (this.#first < this.#written) {
      await this.#shows(this.#first);
      // Nobody has seen these.
      this.#write(2);
    }
    writeFileSync(this.#log.path, "");
    this.#web.truncate(0);
    this.#first = this.#written;
  }

  /** The engine begins a new file where one is full. */
  #rotate(compress: boolean): void {
    if (this.#first === this.#written) return;
    this.#log.rotate({ keep: FILES, compress });
    this.#first = this.#written;
  }

  async #shows(number: number): Promise<void> {
    await this.#follower.until(
      () =>
        [...this.#lines, ...this.#follower.lines.map(lineOf)].some((one) => one.number >= number),
      `line ${number}`,
    );
  }

  async #close(): Promise<void> {
    const { source, done } = this.#follower;
    await source.close();
    await done;
    this.#cursor = source.cursor ?? this.#cursor;
    // What was not acknowledged comes again.
    const newest = this.#lines.at(-1)?.number ?? -1;
    this.#lines.push(...this.#follower.lines.map(lineOf).filter(({ number }) => number > newest));
    this.#gaps.push(...this.#follower.seen("gap"));
  }
}

function lineOf(line: { readonly line: string; readonly timestamp: string }): Line {
  return { number: numberOf(line), timestamp: line.timestamp };
}

describe("a log that is emptied by hand while files and streams are rotated, and sources resumed", () => {
  it("brings each line once and in order, and tells where some are missing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryAct, { maxLength: 25 }), async (acts) => {
        await using fake = await FakeEngine.start();
        const log = await EmptiedLog.begin(fake);
        for (const act of acts) await log.act(act);
        expect(await log.faults()).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});
