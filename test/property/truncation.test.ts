/** @module-tag long */
import fc from "fast-check";
import { expect, it } from "vitest";
import { ContainerLogSource, epochNanoseconds } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, Follower, nothingOpen, toLines, turns } from "../support/fake-follow.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 5, long: 40 });

type Act =
  | { readonly kind: "write"; readonly lines: number; readonly size: number }
  | {
      readonly kind: "lose";
      readonly lines: number;
      readonly kept: number;
      readonly how: "outage" | "stop";
    }
  | { readonly kind: "rotate" | "cut" | "settle" };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    lines: fc.integer({ min: 1, max: 40 }),
    size: fc.constantFrom(0, 10, 20_000),
  }),
  fc.record({
    kind: fc.constant("lose" as const),
    lines: fc.integer({ min: 0, max: 40 }),
    kept: fc.integer({ min: 0, max: 50 }),
    how: fc.constantFrom("outage" as const, "outage" as const, "stop" as const),
  }),
  fc.constantFrom("rotate" as const, "cut" as const, "settle" as const).map((kind) => ({ kind })),
);

it("what the engine has thrown away lies within gaps that were reported, and all else comes once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 20 }), async (acts) => {
      await using fake = await FakeEngine.start();
      const web = fake.create({ name: "web" });
      const source = new ContainerLogSource("web", {
        engine: fake.engine,
        ...eager,
        stallProbeMs: false,
      });
      const follower = new Follower(source);
      let next = 0;
      const write = (lines: number, size = 0): void => {
        for (let line = 0; line < lines; line++, next++) {
          web.write(`${next} ${"x".repeat(size)}`, {
            stream: next % 3 === 0 ? "stderr" : "stdout",
          });
        }
      };
      const settle = (): Promise<void> =>
        follower.until(
          () => follower.records.at(-1)?.line.startsWith(`${next - 1} `) === true,
          `line ${next - 1}`,
        );
      try {
        write(1);
        await settle();
        for (const current of acts) {
          if (current.kind === "write") write(current.lines, current.size);
          else if (current.kind === "rotate") source.rotate().catch(() => {});
          else if (current.kind === "cut") web.cut();
          else if (current.kind === "settle") await settle();
          else if (current.kind === "lose") {
            // A stop lets the stream go on sending, and jump over what is thrown away; an outage ends it.
            if (current.how === "stop") await settle();
            if (current.how === "outage") fake.outage();
            else web.stop();
            await turns(3);
            write(current.lines);
            web.truncate(current.kept);
            if (current.how === "outage") fake.restore();
            else web.start();
            write(1);
          }
        }
        await settle();
        expectGaps(follower, toLines(web.written));
      } finally {
        await source.close();
        await nothingOpen(fake);
      }
    }),
    { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(20_000)] },
  );
});

function expectGaps(follower: Follower, written: ReturnType<typeof toLines>): void {
  const { lines } = follower;
  const gaps = follower.seen("gap");
  let at = 0;
  for (const line of written) {
    if (lines[at]?.line === line.line && lines[at]?.timestamp === line.timestamp) {
      at++;
      continue;
    }
    const time = epochNanoseconds(line.timestamp);
    const inGap = gaps.some(
      ({ after, before }) =>
        epochNanoseconds(after) < time && (before === undefined || time < epochNanoseconds(before)),
    );
    expect([line.line.slice(0, 8), inGap]).toEqual([line.line.slice(0, 8), true]);
  }
  expect(lines.slice(at)).toEqual([]);
}
