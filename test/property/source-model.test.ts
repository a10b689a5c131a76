/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Rotation, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeEngineOptions } from "../../src/testing.ts";
import { eager, Follower, nothingOpen, toLines, turns } from "../support/fake-follow.ts";
import type { Line } from "../support/fake-follow.ts";
import { Player, arbitraryScript, scriptClocks } from "./script.ts";
import type { Act, ScriptClock } from "./script.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 2, long: 40 });

interface World {
  readonly engine: FakeEngineOptions;
  readonly clock: ScriptClock;
  readonly tty: boolean;
  readonly endEarly: number;
  readonly options: SourceOptions;
  readonly consumerTurns: number;
  /** False: lines may be left without their end when the container stops. */
  readonly finishesLines: boolean;
}

/** Where a line was left without its end, only the order within its stream is certain. */
const of = (stream: string, lines: readonly Line[]): Line[] =>
  lines.filter((line) => line.stream === stream);

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
  const { finishesLines } = world;
  const player = new Player({ fake, container, rotate, clock: world.clock, finishesLines });
  const expectAll = (): void => {
    const written = toLines(container.written);
    if (finishesLines) expect(follower.lines).toEqual(written);
    else
      for (const stream of ["stdout", "stderr"])
        expect(of(stream, follower.lines)).toEqual(of(stream, written));
  };
  try {
    await player.play(acts);
    player.finish();
    const { length } = container.written;
    await follower
      .until(
        () => follower.records.length >= length && source.stats.state === "stopped",
        "every line",
        4_000,
      )
      .catch((error: unknown) => {
        expectAll();
        throw error;
      });
    await turns(2);
    expectAll();
    expect(fake.open.maxFollowsOfOneContainer).toBeLessThanOrEqual(1);
    expect(follower.seen("gap")).toEqual([]);
    for (const rotation of await Promise.all(rotations))
      expect(rotation.container).toBe(container.id);
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
  it.each(scriptClocks)(
    "every line comes once and in order, with a clock that is %s",
    async (clock) => {
      await fc.assert(
        fc.asyncProperty(
          arbitraryScript(clock),
          bufferBytes,
          fc.constantFrom(0, 0, 1, 4),
          fc.constantFrom(0, 0, 3),
          fc.boolean(),
          async (acts, buffer, consumerTurns, early, finishes) => {
            const endEarly = engine.since === "per-line" ? early : 0;
            // With whole seconds a line behind the start may have the time of the one left before it.
            const finishesLines = finishes || engine.timestamps === "s";
            const options = { bufferBytes: buffer, stallProbeMs: 20 };
            await expectExact(
              { engine, clock, tty: false, endEarly, options, consumerTurns, finishesLines },
              acts,
            );
          },
        ),
        { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(20_000)] },
      );
    },
  );

  it("every line of a terminal comes once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScript("present"), bufferBytes, async (acts, buffer) => {
        const options = { bufferBytes: buffer, stallProbeMs: 20 };
        const finishesLines = engine.timestamps === "s";
        const world = {
          engine,
          clock: "present" as const,
          tty: true,
          endEarly: 0,
          options,
          consumerTurns: 0,
          finishesLines,
        };
        await expectExact(world, acts);
      }),
      { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(20_000)] },
    );
  });
});

describe.each([
  ["timestamps ns", { timestamps: "ns" }],
  ["timestamps s", { timestamps: "s" }],
  ["timestamps offset", { timestamps: "offset" }],
  ["the holes of k8s-file", { timestamps: "ns", podmanQuirks: true }],
] as const)("on Podman with %s", (_name, settings) => {
  it.each([
    ["lines", false],
    ["a terminal's lines", true],
  ] as const)("%s come once and in order", async (_, tty) => {
    const engine = { flavour: "podman" as const, ...settings };
    await fc.assert(
      fc.asyncProperty(arbitraryScript("present"), bufferBytes, async (acts, buffer) => {
        const options = { bufferBytes: buffer, stallProbeMs: 20 };
        const common = { engine, options, endEarly: 0, consumerTurns: 0, finishesLines: true };
        // On a terminal Podman puts a timestamp before each part, where nothing tells it from text.
        const whole = acts.map((act) =>
          act.kind === "write" && tty ? { ...act, partial: false, times: 1 } : act,
        );
        await expectExact({ ...common, clock: "present", tty }, whole);
      }),
      { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(20_000)] },
    );
  });
});
