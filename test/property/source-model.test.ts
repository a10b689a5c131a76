import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Rotation, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeEngineOptions } from "../../src/testing.ts";
import { eager, Follower, nothingOpen, toLines, turns } from "../support/fake-follow.ts";
import { Player, arbitraryScript, scriptClocks } from "./script.ts";
import type { Act, ScriptClock } from "./script.ts";

const RUNS = Number(process.env["FC_RUNS"] ?? 12);

interface World {
  readonly engine: FakeEngineOptions;
  readonly clock: ScriptClock;
  readonly tty: boolean;
  readonly endEarly: number;
  readonly options: SourceOptions;
  readonly consumerTurns: number;
}

const bufferBytes = fc.constantFrom(1, 2_000, 1_048_576);

/** Everything that is written reaches the consumer once and in order, and nothing is left behind. */
async function expectExact(world: World, acts: readonly Act[]): Promise<void> {
  await using fake = await FakeEngine.start(world.engine);
  const { endEarly } = world;
  if (endEarly > 0) {
    fake.fault = ({ path }) => (path.includes("follow=1") ? { endEarly } : undefined);
  }
  const container = fake.create({ name: "web", tty: world.tty });
  const source = new ContainerLogSource("web", { engine: fake.engine, ...eager, ...world.options });
  const follower = new Follower(source, () => turns(world.consumerTurns));
  const rotations: Promise<Rotation>[] = [];
  const rotate = (): void => void rotations.push(source.rotate());
  const finishesLines = world.engine.timestamps === "s";
  const player = new Player({ fake, container, rotate, clock: world.clock, finishesLines });
  try {
    await player.play(acts);
    player.finish();
    const written = toLines(container.written);
    await follower
      .until(() => follower.records.length >= written.length && source.stats.state === "stopped", "every line", 4_000)
      .catch((error: unknown) => {
        expect(follower.lines).toEqual(written);
        throw error;
      });
    await turns(2);
    expect(follower.lines).toEqual(written);
    expect(fake.open.maxFollowsOfOneContainer).toBeLessThanOrEqual(1);
    expect(follower.seen("gap")).toEqual([]);
    for (const rotation of await Promise.all(rotations)) expect(rotation.container).toBe(container.id);
  } finally {
    await source.close();
    await follower.done;
    await nothingOpen(fake);
  }
}

const engines = (["per-line", "first-match", "exclusive"] as const).flatMap((since) =>
  (["ns", "s", "offset"] as const).map((timestamps) => ({ since, timestamps })),
);

describe.each(engines)("on an engine with since $since and timestamps $timestamps", (engine) => {
  it.each(scriptClocks)("every line comes once and in order, with a clock that is %s", async (clock) => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryScript(clock),
        bufferBytes,
        fc.constantFrom(0, 0, 1, 4),
        fc.constantFrom(0, 0, 3),
        async (acts, buffer, consumerTurns, endEarly) => {
          const options = { bufferBytes: buffer, stallProbeMs: 20 };
          await expectExact(
            { engine, clock, tty: false, endEarly: engine.since === "per-line" ? endEarly : 0, options, consumerTurns },
            acts,
          );
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("every line of a terminal comes once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScript("present"), bufferBytes, async (acts, buffer) => {
        const options = { bufferBytes: buffer, stallProbeMs: 20 };
        await expectExact({ engine, clock: "present", tty: true, endEarly: 0, options, consumerTurns: 0 }, acts);
      }),
      { numRuns: RUNS },
    );
  });
});
