import { describe, expect, it } from "vitest";
import { makePlan } from "../../chaos/nats/plan.ts";
import { play } from "../../chaos/nats/run.ts";
import { isWell } from "../../chaos/nats/verdict.ts";
import { natsProgram } from "../support/nats/nats-server.ts";
import { programPath } from "../support/program-path.ts";
import { hasEngine } from "../support/real-engine.ts";
import { longOnly } from "../support/size.ts";

/** One whose plan has every act, on each of the collectors and on more than one node. */
const SEED = 5;
const MINUTES = 2;

describe.skipIf(!hasEngine() || natsProgram() === undefined)(
  "three collectors, two engines and three nodes of NATS, under kills and stops",
  longOnly,
  () => {
    it("the stream holds every line of every container exactly once", async () => {
      const program = programPath("test/nats/fixtures/collector.ts");
      const plan = makePlan(SEED, MINUTES);
      const told: string[] = [];
      const say = (text: string): void => void told.push(text);
      const outcome = await play({ program, engine: "real", plan, say });
      const { verdict, version, stoodStill, errors } = outcome;
      expect(isWell(verdict, version, stoodStill) ? "well" : { ...verdict, errors, told }).toBe(
        "well",
      );
      expect(verdict.stored).toBeGreaterThan(20_000);
    });
  },
);
