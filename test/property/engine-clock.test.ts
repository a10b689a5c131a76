/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineClock } from "../../src/engine/engine-clock.ts";
import { propertyRuns } from "../support/size.ts";

const numRuns = propertyRuns({ short: 300, long: 3_000 });
const START = 1_795_900_000_000;
const HOUR_MS = 3_600_000;

/** An answer: how long after the one before, how long it took, and when in that time the engine made it. */
interface Answer {
  readonly after: number;
  readonly took: number;
  readonly madeAt: number;
  readonly hasTime: boolean;
}

const answer: fc.Arbitrary<Answer> = fc.record({
  after: fc.integer({ min: 0, max: 60_000 }),
  took: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 10_000 })),
  madeAt: fc.double({ min: 0, max: 1, noNaN: true }),
  hasTime: fc.boolean(),
});
const offset = fc.double({ min: -10 * HOUR_MS, max: 10 * HOUR_MS, noNaN: true });

/** Both clocks, as nobody sees them. Our times are whole milliseconds. */
class World {
  readonly clock = new EngineClock();
  ours = START;
  offset: number;
  /** The engine's clock gains or loses so much of each millisecond. */
  readonly drift: number;

  constructor(begin: number, drift = 0) {
    this.offset = begin;
    this.drift = drift;
  }

  pass(ms: number): void {
    this.ours += ms;
    this.offset += ms * this.drift;
  }

  play({ after, took, madeAt, hasTime }: Answer): void {
    this.pass(after);
    const sentAt = Math.floor(this.ours);
    this.pass(took * madeAt);
    const time = this.ours + this.offset;
    this.pass(took * (1 - madeAt));
    const exchange = { sentAt, receivedAt: Math.floor(this.ours) };
    const header = new Date(Math.floor(time / 1_000) * 1_000).toUTCString();
    if (hasTime) this.clock.sawTime(new Date(Math.floor(time)).toISOString(), header, exchange);
    else this.clock.sawDate(header, exchange);
  }

  /** By how much `now` is wrong beyond what it says itself. */
  get excess(): number {
    const ours = this.ours;
    const wrong = Math.abs(this.clock.now(ours) - (ours + this.offset));
    return wrong - this.clock.errorMs(ours);
  }
}

describe("an engine's clock", () => {
  it("is known within the error that is told, whatever answers take", () => {
    fc.assert(
      fc.property(
        offset,
        fc.double({ min: -0.000_5, max: 0.000_5, noNaN: true }),
        fc.array(answer, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: HOUR_MS }),
        (begin, drift, answers, later) => {
          const world = new World(begin, drift);
          for (const each of answers) {
            world.play(each);
            expect(world.excess).toBeLessThan(0.01);
          }
          world.pass(later);
          expect(world.excess).toBeLessThan(0.01);
        },
      ),
      { numRuns },
    );
  });

  it("that is stepped is known again: by the next answer, and where the step is small by the 16th", () => {
    fc.assert(
      fc.property(
        offset,
        fc.array(answer, { minLength: 1, maxLength: 20 }),
        fc.oneof(
          fc.integer({ min: -2_000, max: 2_000 }),
          fc.integer({ min: -10 * HOUR_MS, max: 10 * HOUR_MS }),
        ),
        fc.array(answer, { minLength: 16, maxLength: 20 }),
        (begin, before, step, after) => {
          const world = new World(begin);
          for (const each of before) world.play(each);
          world.offset += step;
          after.forEach((each, index) => {
            world.play(each);
            // No two samples that are more than this apart agree.
            const isFar = Math.abs(step) > 25_000 + 60_000 * 40 * 0.001 * 2;
            if (isFar || index >= 15) expect(world.excess).toBeLessThan(0.01);
          });
        },
      ),
      { numRuns },
    );
  });

  it("is measured to a few milliseconds by a few quick answers", () => {
    const world = new World(-HOUR_MS);
    for (let index = 0; index < 16; index++)
      world.play({ after: 937, took: 4, madeAt: 0.5, hasTime: false });
    expect(world.clock.errorMs(world.ours)).toBeLessThan(100);
    world.play({ after: 0, took: 4, madeAt: 0.5, hasTime: true });
    expect(world.clock.errorMs(world.ours)).toBeLessThan(5);
  });

  it("is ours where nothing is known", () => {
    const clock = new EngineClock();
    clock.sawDate(undefined, { sentAt: START, receivedAt: START });
    clock.sawDate("yesterday", { sentAt: START, receivedAt: START });
    clock.sawTime("", undefined, { sentAt: START, receivedAt: START });
    expect(clock.isKnown).toBe(false);
    expect(clock.now(START)).toBe(START);
    expect(clock.errorMs(START)).toBe(Infinity);
  });

  it("is not that of a proxy, which puts a Date of its own into each answer", () => {
    const clock = new EngineClock();
    const exchange = { sentAt: START, receivedAt: START + 10 };
    const ofTheProxy = new Date(START).toUTCString();
    const engine = START + HOUR_MS;
    for (let index = 0; index < 5; index++) clock.sawDate(ofTheProxy, exchange);
    clock.sawTime(new Date(engine).toISOString(), ofTheProxy, exchange);
    for (let index = 0; index < 40; index++) clock.sawDate(ofTheProxy, exchange);
    expect(Math.abs(clock.now(START) - engine)).toBeLessThan(20);
  });
});
