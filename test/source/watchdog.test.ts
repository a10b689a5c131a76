import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { Watchdog } from "../../src/source/watchdog.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { steadyNow } from "../../src/lifetime/steady-clock.ts";
import {
  eager,
  eventually,
  Follower,
  nothingOpen,
  toLines,
  turns,
} from "../support/fake-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
});
afterEach(async () => {
  vi.useRealTimers();
  await fake.close();
});

/** This machine's clock. */
function setBack(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - ms });
}

const follow = (options: SourceOptions): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

describe("periodic rotation", () => {
  it("rotates again and again, while lines come and while none do, and loses nothing", async () => {
    const follower = follow({ rotateEveryMs: 10, stallProbeMs: false });
    for (let round = 1; round <= 10; round++) {
      await follower.status("rotated", 2 * round);
      web.write(`round ${round}`);
      web.write(`round ${round}`, { stream: "stderr" });
    }
    await follower.has(21);
    await follower.source.close();
    expect(follower.lines).toEqual(toLines(web.written));
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    const { length } = follower.seen("rotated");
    expect(follower.source.stats.rotations).toBe(length);
    await nothingOpen(fake);
  });

  it("rests while the container is stopped, and goes on with its next run", async () => {
    const follower = follow({ rotateEveryMs: 5, stallProbeMs: false });
    await follower.status("rotated");
    web.stop();
    await follower.status("stopped");
    const before = follower.seen("rotated").length;
    await eventually(() => fake.open.follows === 0);
    expect(follower.seen("rotated")).toHaveLength(before);
    web.start();
    await follower.status("rotated", before + 2);
    await follower.source.close();
  });

  it("is off by default", async () => {
    const follower = follow({});
    await follower.has(1);
    expect(follower.source.stats.rotations).toBe(0);
    await follower.source.close();
  });
});

describe("after silence", () => {
  it("a stream that was dead is found out, also where this machine's clock was set back", async () => {
    const follower = follow({ stallProbeMs: 250 });
    await follower.has(1);
    await eventually(() => fake.open.follows === 1);
    web.stall();
    setBack(3_600_000);
    web.write("two");
    await follower.has(2);
    expect(follower.source.stats.since).toBeLessThanOrEqual(Date.now());
    await follower.source.close();
    expect(follower.lines).toEqual(toLines(web.written));
  });

  it("a stream that was dead is found out, and its lines come", async () => {
    const follower = follow({ stallProbeMs: 250 });
    await follower.has(1);
    await eventually(() => fake.open.follows === 1);
    web.stall();
    for (const line of ["two", "three"]) web.write(line);
    await follower.has(3);
    const { silentMs } = await follower.status("stalled");
    expect(silentMs).toBeGreaterThanOrEqual(250);
    expect(follower.source.stats.stalls).toBe(1);
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("a quiet container is looked at less and less often, without a stall, and a line makes it anew", async () => {
    const follower = follow({ stallProbeMs: 10 });
    await follower.has(1);
    const times: number[] = [];
    follower.source.on("status", ({ type }) => {
      if (type === "rotating") times.push(performance.now());
    });
    await follower.status("rotated", 6);
    expect(follower.seen("stalled")).toEqual([]);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // 20, 40, 80, 160, 320 ms and the time of a rotation: timers are never early.
    for (const [index, gap] of gaps.slice(0, 4).entries())
      expect(gap).toBeGreaterThanOrEqual(10 * 2 ** (index + 1) - 2);
    const rotations = follower.seen("rotated").length;
    web.write("two");
    await follower.has(2);
    await follower.status("rotated", rotations + 2);
    expect(follower.source.stats.stalls).toBe(0);
    await follower.source.close();
    expect(follower.texts).toEqual(["one", "two"]);
  });

  it("a stream is not looked at while it brings lines", async () => {
    const follower = follow({ stallProbeMs: 200 });
    await follower.has(1);
    const end = performance.now() + 450;
    let count = 1;
    while (performance.now() < end) {
      web.write(`line ${count}`);
      count++;
      await follower.has(count);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(follower.source.stats.rotations).toBe(0);
    await follower.source.close();
  });
});

describe("a rotation that is due while a stream is still catching up", () => {
  it("is not the last one", twoSizes, async () => {
    const write = (count: number): void => {
      for (let line = 0; line < count; line++) web.write(`line ${web.written.length}`);
    };
    write(20);
    const follower = follow({ rotateEveryMs: 10, stallProbeMs: false });
    await follower.has(21);
    let reads = 0;
    // Whoever reads plainly finds more at first, and takes longer than until a rotation is due.
    fake.fault = ({ path }) => {
      if (!path.includes("/logs") || path.includes("follow=1")) return undefined;
      if (reads++ < 6) write(500);
      return { delayMs: 40 };
    };
    fake.outage();
    write(sizes({ short: 6_000, long: 20_000 }));
    fake.restore();
    const hasAll = (): boolean => follower.records.length === web.written.length;
    await follower.until(hasAll, "every line");
    const { rotations } = follower.source.stats;
    await follower.until(() => follower.source.stats.rotations > rotations + 1, "rotations");
    // The plain reads of these may have found more.
    await follower.until(hasAll, "what was written meanwhile");
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });
});

describe("a consumer's pause", () => {
  it("is no silence of the stream's, which counts from the pause's end", async () => {
    let flowingSince: number | undefined = undefined;
    let rotatedAt: number | undefined = undefined;
    const watchdog = new Watchdog(
      { rotateEveryMs: false, stallProbeMs: 40 },
      {
        rotate: () => (rotatedAt ??= steadyNow()),
        flowingSince: () => flowingSince,
        engineNow: () => Date.now(),
        answerMs: 10_000,
      },
    );
    watchdog.opened();
    const paused = steadyNow() + 100;
    await eventually(() => steadyNow() > paused);
    expect(rotatedAt).toBeUndefined();
    flowingSince = steadyNow();
    await eventually(() => rotatedAt !== undefined);
    expect(rotatedAt).toBeGreaterThanOrEqual(flowingSince + 40);
    watchdog.closed();
  });
});

describe("a stream that has an end", () => {
  it("is looked at after an answer's silence, which counts from its last byte", async () => {
    let rotatedAt: number | undefined = undefined;
    const watchdog = new Watchdog(
      { rotateEveryMs: false, stallProbeMs: false },
      {
        rotate: () => (rotatedAt ??= steadyNow()),
        flowingSince: () => 0,
        engineNow: () => Date.now(),
        answerMs: 40,
      },
    );
    watchdog.opened();
    expect(watchdog.rotatesBy).toBeUndefined();
    watchdog.isToEnd();
    let lastByteAt = steadyNow();
    for (const bytesUntil = lastByteAt + 100; lastByteAt < bytesUntil; lastByteAt = steadyNow()) {
      watchdog.sawBytes(lastByteAt);
      expect(watchdog.rotatesBy).toBe(lastByteAt + 40);
      await turns();
    }
    await eventually(() => rotatedAt !== undefined);
    watchdog.closed();
    expect(watchdog.rotatesBy).toBeUndefined();
  });
});
