import { keptOf, seedsOf, writeSeeds } from "./corpus.ts";
import { BlockCoverage } from "./coverage.ts";
import type { Target } from "./target.ts";

/** Longer ones stay out of the repository. */
const MAX_BYTES = 400;

/** Puts the shortest of the kept inputs among the seeds that reach what no seed does. Returns how many. */
export async function merge(target: Target): Promise<number> {
  const seeds = seedsOf(target.name);
  const coverage = new BlockCoverage();
  try {
    for (const seed of seeds) await target.check(seed);
    coverage.look();
    const added: Buffer[] = [];
    const short = keptOf(target.name).filter(({ length }) => length > 0 && length <= MAX_BYTES);
    for (const input of short.toSorted((one, other) => one.length - other.length)) {
      await target.check(input);
      if (coverage.look().fresh > 0) added.push(input);
    }
    writeSeeds(target.name, [...seeds, ...added]);
    return added.length;
  } finally {
    coverage.close();
    await target.close?.();
  }
}
