import fc from "fast-check";
import type { FakeEngineOptions } from "../../src/testing.ts";
import type { PoolClock } from "./pool-player.ts";
import type { World } from "./pool-run.ts";

const bufferBytes = fc.constantFrom(1, 2_000, 1_048_576, 1_048_576);

export function arbitraryWorld(engine: FakeEngineOptions): fc.Arbitrary<World> {
  const isDocker = engine.flavour !== "podman";
  return fc
    .record({
      clock: fc.constantFrom<PoolClock>("present", "present", "equal", "backward"),
      finishes: fc.boolean(),
      endEarly: engine.since === "per-line" ? fc.constantFrom(0, 1, 4) : fc.constant(0),
      stops: fc.boolean(),
      isCalm: fc.boolean(),
      consumerTurns: fc.constantFrom(0, 0, 0, 1),
      inBatches: fc.boolean(),
      wish: fc.constantFrom<"start" | "now">("start", "start", "now"),
      discover: fc.constantFrom(true, true, true, true, true, true, true, false),
      maxStreams: fc.integer({ min: 1, max: 3 }),
      timeSliceMs: fc.integer({ min: 5, max: 30 }),
      bufferBytes,
      sourceBufferBytes: bufferBytes,
      rotateEveryMs: fc.constantFrom(undefined, undefined, 15),
      latenessMs: fc.constantFrom(undefined, undefined, undefined, 0, 4),
    })
    .map(({ clock, finishes, wish, stops, ...world }) => {
      const finishesLines = finishes || clock !== "present" || !isDocker;
      return {
        ...world,
        engine,
        forgets: false,
        clock: isDocker ? clock : "present",
        finishesLines,
        stops: stops || world.endEarly > 0 || !finishesLines,
        // Where a line is left without its end, nobody can count from it.
        from: finishesLines ? wish : "start",
      };
    });
}

/** An engine that throws lines away. */
export function arbitraryForgetfulWorld(engine: FakeEngineOptions): fc.Arbitrary<World> {
  return arbitraryWorld(engine).map((world) => ({
    ...world,
    forgets: true,
    clock: "present",
    finishesLines: true,
    stops: false,
    endEarly: 0,
    from: "start",
    discover: true,
  }));
}

export const engines: readonly (readonly [string, FakeEngineOptions])[] = [
  ["Docker", { since: "first-match", timestamps: "ns" }],
  ["Docker 20.10", { since: "per-line", timestamps: "ns" }],
  ["Podman", { flavour: "podman", timestamps: "offset" }],
];
