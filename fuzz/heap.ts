import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { hold } from "./target.ts";

/** What may stay behind from all inputs together, besides the inputs that are kept. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/** Watches that inputs leave no memory behind. */
export class Heap {
  readonly #collect: () => void;
  readonly #before: number;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.#collect = () => void runInNewContext("gc()");
    this.#before = this.#used();
  }

  /** @throws Finding. `kept`: bytes that are held on purpose */
  check(kept: number): void {
    const grown = this.#used() - this.#before - kept;
    hold(grown < MAX_GROWTH_BYTES, `${grown} bytes stay in memory`);
  }

  #used(): number {
    this.#collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }
}
