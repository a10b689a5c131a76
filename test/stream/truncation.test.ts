import { setTimeout as after } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, epochNanoseconds } from "../../src/index.ts";
import type { Cursor, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, Follower, texts, toLines } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

function write(from: number, to: number): void {
  for (let line = from; line < to; line++)
    web.write(`line ${line}`, { stream: line % 3 === 0 ? "stderr" : "stdout" });
}

/** The buffer is full, and the next chunk has come and waits for room. */
async function isPaused(source: ContainerLogSource): Promise<void> {
  await eventually(() => source.stats.bufferedBytes >= 500);
  await after(100);
}

/** What came is the log without some lines, in order; each of those lies between the times of a gap that was reported. */
function expectOnlyGapsMissing({ lines, ...follower }: Pick<Follower, "lines" | "statuses">): void {
  const written = toLines(web.written);
  const gaps = follower.statuses.filter((status) => status.type === "gap");
  let next = 0;
  for (const line of written) {
    const received = lines[next];
    if (
      received !== undefined &&
      received.line === line.line &&
      received.timestamp === line.timestamp
    ) {
      next++;
      continue;
    }
    const at = epochNanoseconds(line.timestamp);
    const inGap = gaps.some(
      ({ after: begin, before }) =>
        epochNanoseconds(begin) <= at && (before === undefined || at < epochNanoseconds(before)),
    );
    expect([line.line, inGap]).toEqual([line.line, true]);
  }
  expect(lines.slice(next)).toEqual([]);
}

describe("lines that the engine threw away while the stream was down", () => {
  it.each([0, 1, 5, 50])(
    "are a gap, and what it still has (%d lines) comes in order",
    async (kept) => {
      write(0, 20);
      const follower = follow();
      await follower.has(20);
      fake.outage();
      write(20, 100);
      web.truncate(kept);
      fake.restore();
      await follower.until(() => follower.source.stats.gaps === 1, "a gap");
      write(100, 120);
      await follower.until(() => follower.texts.at(-1) === "line 119");
      expect(follower.texts).toEqual([
        ...texts(web.written).slice(0, 20),
        ...texts(web.written).slice(100 - kept),
      ]);
      const [gap] = follower.seen("gap");
      expect(gap?.after).toBe(web.written[19]?.timestamp);
      expect(gap?.before).toBe(kept === 0 ? undefined : web.written[100 - kept]?.timestamp);
      expect(follower.seen("opened").at(-1)?.aligned).toBe("gap");
      expectOnlyGapsMissing({ lines: follower.lines, statuses: follower.statuses });
      await follower.source.close();
    },
  );

  it.each([60, 80, 81, 95, 99])(
    "are none where it still has a line that was read (%d kept)",
    async (kept) => {
      write(0, 20);
      const follower = follow();
      await follower.has(20);
      fake.outage();
      write(20, 100);
      web.truncate(Math.max(81, kept));
      fake.restore();
      await follower.has(100);
      expect(follower.lines).toEqual(toLines(web.written));
      expect(follower.seen("gap")).toEqual([]);
      await follower.source.close();
    },
  );

  it("are a gap again and again, and reading goes on", async () => {
    write(0, 10);
    const follower = follow();
    await follower.has(10);
    for (let round = 1; round <= 4; round++) {
      fake.outage();
      write(round * 100, round * 100 + 50);
      web.truncate(3);
      fake.restore();
      await follower.until(() => follower.texts.at(-1) === `line ${round * 100 + 49}`);
    }
    expect(follower.source.stats.gaps).toBe(4);
    expect(follower.records).toHaveLength(22);
    expectOnlyGapsMissing({ lines: follower.lines, statuses: follower.statuses });
    await follower.source.close();
  });
});

describe("a log that was emptied", () => {
  it("is a gap without what comes after, and later lines come", async () => {
    write(0, 10);
    const follower = follow();
    await follower.has(10);
    web.truncate(0);
    const rotation = await follower.source.rotate();
    expect(rotation.reopened).toBe(true);
    expect(follower.seen("gap")).toEqual([{ type: "gap", after: web.written[9]?.timestamp }]);
    write(10, 12);
    await follower.has(12);
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });
});

describe("a consumer that was overtaken while its stream was paused", () => {
  it("gets a gap, and then what there is, in order", async () => {
    write(0, 12_000);
    const source = new ContainerLogSource("web", {
      engine: fake.engine,
      ...eager,
      bufferBytes: 1_000,
    });
    let resume = (): void => {};
    const held = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const follower = new Follower(source, async (_, index) => {
      if (index === 9) await held;
    });
    await follower.has(10);
    await isPaused(source);
    write(12_000, 14_000);
    web.truncate(500);
    // Longer than a pause that is thought harmless; nothing announces it.
    await after(150);
    resume();
    await follower.until(() => follower.texts.at(-1) === "line 13999");
    expect(follower.source.stats.gaps).toBeGreaterThan(0);
    expectOnlyGapsMissing({ lines: follower.lines, statuses: follower.statuses });
    await source.close();
  });

  it("gets a gap also where the pause was short", async () => {
    write(0, 12_000);
    const source = new ContainerLogSource("web", {
      engine: fake.engine,
      ...eager,
      bufferBytes: 1_000,
    });
    const follower = new Follower(source, async (_, index) => {
      if (index !== 9) return;
      await isPaused(source);
      write(12_000, 14_000);
      web.truncate(500);
    });
    await follower.until(() => follower.texts.at(-1) === "line 13999");
    expectOnlyGapsMissing({ lines: follower.lines, statuses: follower.statuses });
    await source.close();
  });
});

describe("a cursor", () => {
  async function cursorBehind(count: number): Promise<Cursor> {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const follower = new Follower(source, (_, index) => {
      if (index + 1 < count) return undefined;
      source.acknowledge();
      return "break";
    });
    await follower.done;
    if (source.cursor === undefined) throw new Error("no cursor");
    return source.cursor;
  }

  it("that is older than the whole log is a gap, and all that there is comes", async () => {
    write(0, 100);
    const resume = await cursorBehind(50);
    web.truncate(10);
    const follower = follow({ resume, follow: false });
    await follower.done;
    expect(follower.texts).toEqual(texts(web.written).slice(90));
    expect(follower.seen("gap")).toMatchObject([
      { after: web.written[49]?.timestamp, before: web.written[90]?.timestamp },
    ]);
  });

  it.each([51, 53, 57])(
    "whose groups are partly thrown away is found in what is left (%d kept)",
    async (kept) => {
      write(0, 100);
      const resume = await cursorBehind(50);
      web.truncate(kept);
      const follower = follow({ resume, follow: false });
      await follower.finished();
      expect(follower.texts).toEqual(texts(web.written).slice(50));
      expect(follower.seen("gap")).toEqual([]);
    },
  );

  it("of an emptied log is a gap, and nothing is replayed", async () => {
    write(0, 10);
    const resume = await cursorBehind(5);
    web.truncate(0);
    const follower = follow({ resume });
    await follower.status("gap");
    write(10, 12);
    await follower.has(2);
    expect(follower.texts).toEqual(["line 10", "line 11"]);
    await follower.source.close();
  });
});

describe("a line of which the engine threw away the beginning", () => {
  it("is not delivered as if it were whole without a gap", async () => {
    const long = "x".repeat(16_384 * 20);
    web.write(long, { partial: true });
    for (let line = 0; line < 5; line++) web.write(`err ${line}`, { stream: "stderr" });
    const source = new ContainerLogSource("web", { engine: fake.engine, streams: ["stderr"] });
    let resume: Cursor | undefined;
    for await (const { line } of source) {
      if (line !== "err 3") continue;
      source.acknowledge();
      resume = source.cursor;
      break;
    }
    web.write("end of the long one");
    web.write("next");
    web.truncate(3);
    if (resume === undefined) throw new Error("no cursor");
    const follower = follow({ resume, follow: false });
    await follower.done;
    const fragment = follower.texts.find((line) => line.includes("end of the long one"));
    if (fragment !== undefined && fragment.length < long.length)
      expect(follower.seen("gap")).toHaveLength(1);
    expect(follower.texts.at(-1)).toBe("next");
  });
});
