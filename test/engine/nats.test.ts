import { describe, expect, it } from "vitest";
import { makePlan } from "../../chaos/nats/plan.ts";
import { play } from "../../chaos/nats/run.ts";
import { isWell } from "../../chaos/nats/verdict.ts";
import { natsProgram } from "../support/nats/nats-server.ts";
import { programPath } from "../support/program-path.ts";
import { hasEngine } from "../support/real-engine.ts";
import { longOnly } from "../support/size.ts";

/** One whose plan has every act, and each of the collectors. */
const SEED = 5;
const MINUTES = 0.75;

describe.skipIf(!hasEngine() || natsProgram() === undefined)(
  "three collectors, two engines and three nodes of NATS, under kills and stops",
  longOnly,
  () => {
    it("the stream holds every line of every container exactly once", async () => {
      const program = programPath("test/nats/fixtures/collector.ts");
      const plan = makePlan(SEED, MINUTES);
      const { verdict, errors } = await play({ program, engine: "real", plan });
      expect(isWell(verdict) ? "well" : { ...verdict, errors }).toBe("well");
      expect(verdict.stored).toBeGreaterThan(5_000);
    });
  },
);
