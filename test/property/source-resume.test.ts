/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Cursor, LogRecord } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, Follower, nothingOpen, toLines } from "../support/fake-follow.ts";
import { Player, arbitraryScript, scriptClocks } from "./script.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 4, long: 60 });
const share = fc.double({ min: 0, max: 1, noNaN: true });

interface Part {
  readonly records: readonly LogRecord[];
  readonly cursor: Cursor;
}

/** Delivers `count` records, acknowledging the last of them or leaving it in hand. */
async function readSome(
  fake: FakeEngine,
  container: FakeContainer,
  count: number,
  resume: Cursor | undefined,
  acknowledges: boolean,
): Promise<Part | undefined> {
  const options = resume === undefined ? {} : { resume };
  const source = new ContainerLogSource(container.id, {
    engine: fake.engine,
    ...eager,
    ...options,
  });
  const follower = new Follower(source, (_, index) => {
    if (index + 1 < count) return undefined;
    if (acknowledges) source.acknowledge();
    return "break";
  });
  await follower.finished();
  const { cursor } = source;
  if (cursor === undefined) return undefined;
  const copy: Cursor = JSON.parse(JSON.stringify(cursor));
  return { records: acknowledges ? follower.records : follower.records.slice(0, -1), cursor: copy };
}

const ids = (records: readonly LogRecord[]): string[] => records.map(({ id }) => id);

describe.each(["ns", "s", "offset"] as const)("with timestamps %s", (timestamps) => {
  it.each(scriptClocks)(
    "a source that resumes from another's cursor delivers exactly the rest, with a clock that is %s",
    async (clock) => {
      await fc.assert(
        fc.asyncProperty(
          arbitraryScript(clock),
          arbitraryScript(clock),
          share,
          fc.boolean(),
          fc.boolean(),
          async (before, after, where, acknowledges, tty) => {
            if (tty && clock !== "present") return;
            await using fake = await FakeEngine.start({ timestamps });
            const container = fake.create({ name: "web", tty });
            const rotate = (): void => {};
            const player = new Player({ fake, container, rotate, clock, finishesLines: true });
            await player.play(before.filter(({ kind }) => kind !== "outage" && kind !== "turns"));
            const known = container.written.length;
            if (known === 0) return;
            const first = await readSome(
              fake,
              container,
              1 + Math.floor(where * (known - 1)),
              undefined,
              acknowledges,
            );
            expect(first).toBeDefined();
            if (first === undefined) return;
            await player.play(after.filter(({ kind }) => kind !== "outage" && kind !== "turns"));
            player.finish();
            const written = toLines(container.written);
            const rest = new Follower(
              new ContainerLogSource(container.id, {
                engine: fake.engine,
                follow: false,
                resume: first.cursor,
              }),
            );
            await rest.done;
            expect(rest.error).toBeUndefined();
            expect(toLines([...first.records, ...rest.records])).toEqual(written);
            expect(rest.seen("gap")).toEqual([]);
            await nothingOpen(fake);
          },
        ),
        { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(20_000)] },
      );
    },
  );
});

describe.each(scriptClocks)("with a clock that is %s", (clock) => {
  it("the ids of lines read after a cursor are those of a reader from the start", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScript(clock), share, async (acts, where) => {
        await using fake = await FakeEngine.start();
        const container = fake.create({ name: "web" });
        const player = new Player({
          fake,
          container,
          rotate: () => {},
          clock,
          finishesLines: false,
        });
        await player.play(acts.filter(({ kind }) => kind !== "outage" && kind !== "turns"));
        const known = container.written.length;
        player.finish();
        if (known === 0) return;
        const options = { engine: fake.engine, follow: false };
        const whole = new Follower(new ContainerLogSource("web", options));
        await whole.done;
        const first = await readSome(
          fake,
          container,
          1 + Math.floor(where * (known - 1)),
          undefined,
          true,
        );
        if (first === undefined) throw new Error("no cursor");
        const rest = new Follower(
          new ContainerLogSource("web", { ...options, resume: first.cursor }),
        );
        await rest.done;
        expect(ids([...first.records, ...rest.records])).toEqual(ids(whole.records));
        expect(new Set(ids(whole.records)).size).toBe(whole.records.length);
      }),
      { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(20_000)] },
    );
  });
});
