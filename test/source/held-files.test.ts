import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { descriptorsBelow } from "../files/written-log.ts";
import { Follower } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";

const FILE_LINES = 100;
/** As many stay of those that there are. */
const HELD_FILES = 5;

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `line ${at}`);
}

/** A source that is in the first of five files, and holds the others open; its consumer sleeps, and all but the last are deleted. */
class Scene implements AsyncDisposable {
  readonly root: string;
  readonly fake: FakeEngine;
  readonly web: FakeContainer;
  readonly log: FileLog;
  readonly source: ContainerLogSource;
  readonly follower: Follower;
  wake: () => void = () => {};
  #written = 0;

  static async begin(options: SourceOptions = {}): Promise<Scene> {
    const scene = new Scene(await FakeEngine.start(), options);
    await scene.follower.has(1);
    await scene.follower.until(() => scene.open === HELD_FILES, "files that are open");
    scene.fill(HELD_FILES - 1);
    return scene;
  }

  private constructor(fake: FakeEngine, options: SourceOptions) {
    this.root = dataRoot();
    this.fake = fake;
    this.web = fake.create({ name: "web", logDriver: "json-file" });
    this.log = new FileLog(this.web, this.root);
    this.#fill();
    this.fill(HELD_FILES - 1);
    const { root } = this;
    const read = { read: "files", files: { root } } as const;
    const asleep = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.source = new ContainerLogSource("web", {
      engine: fake.engine,
      ...read,
      bufferBytes: 1,
      ...options,
    });
    this.follower = new Follower(this.source, () => asleep);
  }

  get open(): number {
    return descriptorsBelow(this.root);
  }

  get written(): string[] {
    return numbered(this.#written);
  }

  /** So many files are begun and filled. */
  fill(files: number): void {
    for (let file = 0; file < files; file++) {
      this.log.rotate({ keep: HELD_FILES });
      this.#fill();
    }
  }

  /** All that comes once the consumer is awake, and how many gaps. */
  async read(): Promise<{ readonly lines: readonly string[]; readonly gaps: number }> {
    this.wake();
    await this.follower.has(this.#written);
    return { lines: this.follower.texts, gaps: this.follower.seen("gap").length };
  }

  get all(): { readonly lines: readonly string[]; readonly gaps: number } {
    return { lines: this.written, gaps: 0 };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.fake.close();
  }

  #fill(): void {
    const from = this.#written;
    this.#written += FILE_LINES;
    this.log.write(...this.written.slice(from));
  }
}

describe("a rotation of a source that reads from files and is behind", () => {
  it("loses nothing of files that are held open and deleted", async () => {
    await using at = await Scene.begin();
    await at.source.rotate();
    await at.source.rotate();
    expect(at.open).toBe(HELD_FILES);
    expect(at.follower.seen("rotated")).toHaveLength(2);
    expect(await at.read()).toEqual(at.all);
    await expect.poll(() => at.open).toBe(1);
    at.fill(1);
    expect(await at.read()).toEqual(at.all);
    await at.source.close();
    expect(at.open).toBe(0);
  });
});
