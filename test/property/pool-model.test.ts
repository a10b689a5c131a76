/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { playPool } from "./pool-run.ts";
import {
  arbitraryBeginning,
  arbitraryContainers,
  arbitraryForgetfulScript,
  arbitraryPoolScript,
} from "./pool-script.ts";
import { arbitraryForgetfulWorld, arbitraryWorld, engines } from "./pool-world.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 2, long: 30 });
/** A failure names its seed and path: FC_SEED and FC_PATH replay it. */
const replay = {
  ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
  ...(process.env["FC_PATH"] === undefined ? {} : { path: process.env["FC_PATH"] }),
};
/** More runs than usual may take longer than usual. */
const LIMIT_MS = Math.max(25_000, RUNS * 2_500);

describe.each(engines)("a pool that follows %s", (_, engine) => {
  it(
    "delivers every container's lines once and in order, whatever happens",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          arbitraryWorld(engine),
          arbitraryBeginning(),
          arbitraryPoolScript(),
          async (world, beginning, acts) => {
            expect(await playPool(world, beginning, acts)).toEqual([]);
          },
        ),
        { numRuns: RUNS, ...replay, plugins: [fc.interruptAfterTimeLimit(LIMIT_MS)] },
      );
    },
    3 * LIMIT_MS,
  );
});

it(
  "what the engine has thrown away lies within gaps that were reported, and all else comes once and in order",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryForgetfulWorld({}),
        arbitraryContainers(),
        arbitraryForgetfulScript(),
        async (world, beginning, acts) => {
          expect(await playPool(world, beginning, acts)).toEqual([]);
        },
      ),
      { numRuns: RUNS, ...replay, plugins: [fc.interruptAfterTimeLimit(LIMIT_MS)] },
    );
  },
  3 * LIMIT_MS,
);
