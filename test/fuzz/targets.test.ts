/** @module-tag long */
import { afterAll, describe, expect, test } from "vitest";
import { keptOf, seedsOf } from "../../fuzz/corpus.ts";
import { mutated } from "../../fuzz/mutate.ts";
import { Random } from "../../fuzz/random.ts";
import { targets } from "../../fuzz/targets.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 100, long: 10_000 });

describe.each(targets)("what is fuzzed as $name", (target) => {
  // Those kept by long runs are looked at for their coverage.
  const kept = process.env["DOCKSPOOL_FUZZ_KEPT"] === undefined ? [] : keptOf(target.name);
  const seeds = [...seedsOf(target.name), ...kept];
  afterAll(() => target.close?.());

  test("holds for each seed, and for what was found before", async () => {
    for (const input of seeds) await target.check(input);
    expect(seeds.length).toBeGreaterThan(0);
  });

  test("holds for what becomes of them", async () => {
    const random = new Random(1);
    const material = { words: target.words, others: seeds };
    const inputs = [...seeds];
    for (let run = 0; run < RUNS; run++) {
      const input = mutated(random.pick(inputs), random, material);
      // Some are changed further.
      if (run % 10 === 0 && input.length < 2_000) inputs[random.below(inputs.length)] = input;
      await target.check(input);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
