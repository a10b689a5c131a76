import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eventually, Follower, nothingOpen, toLines } from "../support/fake-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

interface Resources {
  readonly handles: number;
  readonly timers: number;
}

function resources(): Resources {
  const names = process.getActiveResourcesInfo();
  return {
    handles: names.filter((name) => /TCP|Pipe|Socket/.test(name)).length,
    timers: names.filter((name) => name === "Timeout").length,
  };
}

describe("hundreds of rotations of a chatty container", () => {
  const rotations = sizes({ short: 40, long: 1_000 });

  it("lose and repeat nothing, and leave nothing behind", twoSizes, async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    const controller = new AbortController();
    const source = new ContainerLogSource("web", {
      engine: fake.engine,
      signal: controller.signal,
      stallProbeMs: false,
    });
    const follower = new Follower(source);
    let written = 0;
    const pen = { isDown: true };
    const writing = (async () => {
      while (pen.isDown) {
        for (let line = 0; line < 3; line++) {
          web.write(`line ${written}`, { stream: written % 4 === 0 ? "stderr" : "stdout" });
          written++;
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await follower.has(1);
    const samples: (Resources & {
      readonly tasks: number;
      readonly sockets: number;
      readonly listeners: number;
    })[] = [];
    let withLines = 0;
    for (let round = 1; round <= rotations; round++) {
      const before = follower.records.length;
      const { generation } = await source.rotate();
      expect(generation).toBe(round + 1);
      if (follower.records.length > before) withLines++;
      if (round % (rotations / 10) !== 0) continue;
      samples.push({
        ...resources(),
        tasks: source.stats.tasks,
        sockets: fake.open.sockets,
        listeners: getEventListeners(controller.signal, "abort").length,
      });
    }
    pen.isDown = false;
    await writing;
    await follower.until(() => follower.records.length >= written, "every line");
    expect(follower.lines).toEqual(toLines(web.written));
    expect(withLines).toBeGreaterThan(rotations / 2);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    expect(source.stats).toMatchObject({ rotations, gaps: 0, reconnects: 0 });
    for (const sample of samples) {
      expect(sample.tasks).toBeLessThanOrEqual(2);
      expect(sample.sockets).toBeLessThanOrEqual(3);
      expect(sample.listeners).toBe(1);
      expect(sample.handles).toBeLessThanOrEqual((samples[0]?.handles ?? 0) + 6);
      expect(sample.timers).toBeLessThanOrEqual((samples[0]?.timers ?? 0) + 6);
    }
    await source.close();
    await nothingOpen(fake);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});

describe("sources opened and closed", () => {
  it("by the hundred leave no handle and no timer", async () => {
    await using fake = await FakeEngine.start();
    fake.create({ name: "web" }).write("one");
    const before = resources();
    for (let round = 0; round < 5; round++) {
      const followers = Array.from(
        { length: 20 },
        () => new Follower(new ContainerLogSource("web", { engine: fake.engine })),
      );
      for (const follower of followers) await follower.has(1);
      await Promise.all(followers.map(({ source }) => source.close()));
    }
    await nothingOpen(fake);
    await eventually(
      () => resources().timers <= before.timers && resources().handles <= before.handles,
      "as before",
    );
  });
});

/** Frames of one part of a line, 16 KiB each. */
function partFrame(stamp: string, text: string): Buffer {
  const payload = Buffer.from(`${stamp} ${text}`);
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe("a line that does not end", () => {
  /** Of 16 MiB each: 192 MiB, or 1 GiB. */
  const rounds = sizes({ short: 4, long: 64 });

  it(
    "is read in bounded memory, holds up no other stream's lines, and is cut when it ends",
    twoSizes,
    async () => {
      await using fake = await FakeEngine.start();
      const web = fake.create({ name: "web" });
      const source = new ContainerLogSource("web", { engine: fake.engine, maxLineBytes: 100_000 });
      const follower = new Follower(source);
      await follower.status("opened");
      await eventually(() => fake.open.follows === 1);
      const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
      globalThis.gc?.();
      const before = used();
      let most = 0;
      const stamp = "2026-11-23T15:58:34.885847851Z";
      // 16 MiB at once, always the same bytes: what is measured is what the reader keeps.
      const frames = Buffer.concat(
        Array.from({ length: 1_024 }, () => partFrame(stamp, "x".repeat(16_384))),
      );
      for (let round = 0; round < rounds; round++) {
        web.writeRaw(frames);
        web.write(`err ${round}`, { stream: "stderr" });
        await follower.has(round + 1);
        most = Math.max(most, used());
      }
      expect(follower.records.every(({ stream }) => stream === "stderr")).toBe(true);
      expect((most - before) / 1024 / 1024).toBeLessThan(64 + 32);
      web.writeRaw(partFrame(stamp, "end\n"));
      await follower.has(rounds + 1);
      const record = follower.records[rounds];
      expect([record?.stream, record?.truncated, record?.line.length]).toEqual([
        "stdout",
        true,
        100_000,
      ]);
      expect(await follower.status("truncated")).toEqual({
        type: "truncated",
        timestamp: stamp,
        bytes: 1_024 * rounds * 16_384 + 3,
      });
      await source.close();
    },
  );
});
