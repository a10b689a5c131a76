import { Session } from "node:inspector";
import type { Profiler } from "node:inspector";

/** What ran since the last look. */
export interface Reached {
  /** Blocks of code that ran and had not run before. */
  readonly fresh: number;
  /** The most that any one block ran. */
  readonly most: number;
}

/** V8's own count of how often each block of the library's code ran. */
export class BlockCoverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();
  /** What the last look added. */
  #fresh: string[] = [];

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Blocks that have run so far. */
  get size(): number {
    return this.#seen.size;
  }

  /** Forgets what ran since the last look. */
  skip(): void {
    this.#take();
  }

  look(): Reached {
    this.#fresh = [];
    let most = 0;
    for (const { url, functions } of this.#take()) {
      if (!url.includes("/src/")) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue;
          if (count > most) most = count;
          const block = `${url} ${startOffset} ${endOffset}`;
          if (this.#seen.has(block)) continue;
          this.#seen.add(block);
          this.#fresh.push(block);
        }
      }
    }
    return { fresh: this.#fresh.length, most };
  }

  /** Takes back what the last look added, so that it is seen anew. */
  forget(): void {
    for (const block of this.#fresh) this.#seen.delete(block);
    this.#fresh = [];
  }

  close(): void {
    this.#session.disconnect();
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (_, answer) => {
      taken = answer.result;
    });
    return taken;
  }
}
