import { createHash } from "node:crypto";
import { Allocations } from "./allocations.ts";
import { keepFinding, keptOf, seedsOf } from "./corpus.ts";
import { BlockCoverage } from "./coverage.ts";
import { Heap } from "./heap.ts";
import { mutated } from "./mutate.ts";
import { Random } from "./random.ts";
import { Finding, hold } from "./target.ts";
import type { Target } from "./target.ts";
import type { Watchdog } from "./watchdog.ts";

/** Looking at the coverage costs as much as so many inputs. */
const BATCH = 256;
/** No block of code runs more often than so, and so many times for each byte of an input. */
const BASE_RUNS = 40_000;
const RUNS_PER_BYTE = 400;
const HEAP_EVERY_MS = 10_000;

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly watchdog: Watchdog;
}

export interface Fuzzed {
  readonly executions: number;
  readonly seconds: number;
  /** The seeds, and each input that reached something new. */
  readonly corpus: readonly Buffer[];
  readonly blocks: number;
  /** What was found, by its message, and the file with the input. */
  readonly findings: ReadonlyMap<string, string>;
}

/** Tries inputs of a target, and keeps those that reach code that none before did, to change them further. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<Fuzzed> {
  const run = new Run(target, options);
  try {
    await run.first([...seedsOf(target.name), ...keptOf(target.name)]);
    await run.go();
    return run.result;
  } finally {
    run.close();
    await target.close?.();
  }
}

class Run {
  readonly #target: Target;
  readonly #options: FuzzOptions;
  readonly #random: Random;
  readonly #coverage = new BlockCoverage();
  readonly #allocations = new Allocations();
  readonly #heap = new Heap();
  readonly #corpus: Buffer[] = [];
  readonly #findings = new Map<string, string>();
  readonly #begun = performance.now();
  #executions = 0;

  constructor(target: Target, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  get result(): Fuzzed {
    return {
      executions: this.#executions,
      seconds: this.#seconds,
      corpus: this.#corpus,
      blocks: this.#coverage.size,
      findings: this.#findings,
    };
  }

  get #seconds(): number {
    return (performance.now() - this.#begun) / 1_000;
  }

  /** Begins with what is known. */
  async first(inputs: readonly Buffer[]): Promise<void> {
    this.#coverage.skip();
    this.#corpus.push(Buffer.alloc(0));
    for (const input of inputs) if (await this.#isFresh(input)) this.#corpus.push(input);
  }

  async go(): Promise<void> {
    let heapAt = performance.now();
    while (this.#seconds < this.#options.seconds) {
      const batch = Array.from({ length: BATCH }, () => this.#next());
      let bytes = 0;
      for (const input of batch) {
        bytes += input.length;
        await this.#try(input);
      }
      const { fresh, most } = this.#coverage.look();
      if (fresh > 0 || most > BASE_RUNS + RUNS_PER_BYTE * bytes) await this.#lookAtParts(batch);
      if (performance.now() - heapAt < HEAP_EVERY_MS) continue;
      const kept = this.#corpus.reduce((sum, { length }) => sum + length, 0);
      this.#heap.check(kept);
      heapAt = performance.now();
    }
  }

  close(): void {
    this.#coverage.close();
    this.#allocations.close();
  }

  #next(): Buffer {
    const { words } = this.#target;
    return mutated(this.#random.pick(this.#corpus), this.#random, { words, others: this.#corpus });
  }

  /** Which of them it was: looked for in either half. */
  async #lookAtParts(inputs: readonly Buffer[]): Promise<void> {
    this.#coverage.forget();
    const middle = Math.ceil(inputs.length / 2);
    for (const part of [inputs.slice(0, middle), inputs.slice(middle)]) {
      const [only, ...others] = part;
      if (only === undefined) continue;
      if (others.length === 0) {
        if (await this.#isFresh(only)) this.#corpus.push(only);
        continue;
      }
      for (const input of part) await this.#try(input);
      if (this.#coverage.look().fresh > 0) await this.#lookAtParts(part);
    }
  }

  async #isFresh(input: Buffer): Promise<boolean> {
    await this.#try(input);
    const { fresh, most } = this.#coverage.look();
    this.#note(input, () =>
      hold(
        most <= BASE_RUNS + RUNS_PER_BYTE * input.length,
        `the work grows faster than the input: a block ran ${most} times`,
      ),
    );
    return fresh > 0;
  }

  async #try(input: Buffer): Promise<void> {
    const { watchdog } = this.#options;
    this.#executions++;
    this.#allocations.begin();
    watchdog.begin(input);
    try {
      await this.#target.check(input);
      this.#allocations.check(input.length);
      hold(Object.keys(Object.prototype).length === 0, "Object.prototype was changed");
    } catch (error) {
      this.#found(input, error);
    } finally {
      watchdog.end();
    }
  }

  #note(input: Buffer, check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#found(input, error);
    }
  }

  /** One of each kind is kept. */
  #found(input: Buffer, error: unknown): void {
    const text = error instanceof Finding ? error.message : stackOf(error);
    const kind = text.replace(/\d+/g, "N").slice(0, 60);
    if (this.#findings.has(kind)) return;
    const name = createHash("sha1").update(input).digest("hex").slice(0, 8);
    const path = keepFinding(this.#target.name, name, input);
    this.#findings.set(kind, path);
    process.stderr.write(`${this.#target.name}: ${text}\n  ${path}\n`);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
