import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { SourceStatus } from "../../src/index.ts";
import { LogBirth } from "../../src/stream/log-birth.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Follower, eager, texts } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

const PAD = "x".repeat(100);
const engines = { Podman: { flavour: "podman", podmanQuirks: true }, Docker: {} } as const;
let fake: FakeEngine;
function write(container: FakeContainer, count: number): void {
  for (let line = 0; line < count; line++) container.write(`line ${line} ${PAD}`);
}

function make(maxLogSize?: string): FakeContainer {
  const size = maxLogSize === undefined ? {} : { maxLogSize };
  return fake.create({ name: "web", started: false, ...size });
}

async function follow(): Promise<Follower> {
  const follower = new Follower(
    new ContainerLogSource("web", { engine: fake.engine, from: "start", ...eager }),
  );
  await follower.until(() => follower.seen("stopped").length > 0, "stopped");
  return follower;
}

describe.each(["Podman", "Docker"] as const)("the first lines of a log that %s rotates", (name) => {
  beforeEach(async () => {
    fake = await FakeEngine.start(engines[name]);
  });
  afterEach(() => fake.close());

  it("are told to be missing where the file was begun anew before its first read", async () => {
    const web = make("100kB");
    const follower = await follow();
    web.start();
    write(web, 2_000);
    web.truncate(300);
    await follower.has(300);
    await follower.until(() => follower.seen("gap").length > 0, "a gap");
    const first = web.written[1_700]?.timestamp ?? "";
    expect(follower.texts).toEqual(texts(web.written).slice(1_700));
    const [gap, ...more] = follower.seen("gap");
    expect(more).toEqual([]);
    expect(gap?.before).toBe(first);
    expect(gap?.after.localeCompare(web.written[0]?.timestamp ?? "")).toBeLessThan(0);
    await follower.source.close();
  });

  it("are told to be missing by a pool that finds the container at its start", async () => {
    const follower = new PoolFollower(
      new StreamPool({ engine: fake.engine, source: eager, from: "now" }),
    );
    await follower.discovered();
    const web = make("100kB");
    web.start();
    write(web, 2_000);
    web.truncate(300);
    const gaps = (): SourceStatus[] => follower.of(web).filter(({ type }) => type === "gap");
    await follower.until(() => gaps().length > 0, "a gap");
    expect(gaps()).toMatchObject([{ before: web.written[1_700]?.timestamp }]);
    await follower.end();
  });

  it.each([
    ["that holds them all", "10MB", 100],
    ["without a size", undefined, 2_000],
  ])("are no gap in a file %s", async (_what, size, count) => {
    const web = make(size);
    const follower = await follow();
    web.start();
    write(web, count);
    await follower.has(count);
    write(web, 1);
    await follower.has(count + 1);
    expect(follower.texts).toEqual(texts(web.written));
    expect(follower.seen("gap")).toEqual([]);
    await follower.source.close();
  });
});

describe("the beginning of a log", () => {
  const at = Date.parse("2026-01-01T00:00:00Z");
  const entries = (count: number, from: string): Parameters<LogBirth["came"]>[0] =>
    Array.from({ length: count }, () => ({
      stream: "stdout" as const,
      timestamp: from,
      text: Buffer.alloc(100),
      ended: true,
    }));
  const MAX = { maxBytes: 100_000, count: 1 };

  it("is not judged where nothing is known of it", () => {
    const birth = new LogBirth();
    birth.stayedEmpty(at);
    birth.came(entries(1_000, "2026-01-01T00:00:09.5Z"));
    expect(birth.lost(MAX)).toBeUndefined();
    expect(birth.state.type).toBe("judged");
  });

  it("is whole where so fast a log could not have filled a file since it was empty", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at - 60_000);
    birth.stayedEmpty(at);
    birth.came(entries(1, "2026-01-01T00:00:00.4Z"));
    expect(birth.lost(MAX)).toBeUndefined();
    birth.came(entries(10, "2026-01-01T00:00:03Z"));
    expect(birth.lost(MAX)).toBeUndefined();
    expect(birth.state.type).toBe("judged");
  });

  it("may be lost where it could, though the first read showed a single line", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at);
    birth.came(entries(1, "2026-01-01T00:00:00.4Z"));
    expect(birth.lost(MAX)).toBeUndefined();
    birth.came(entries(300, "2026-01-01T00:00:00.6Z"));
    expect(birth.lost(MAX)).toEqual({
      after: "2026-01-01T00:00:00.000Z",
      before: "2026-01-01T00:00:00.4Z",
    });
    birth.came(entries(300, "2026-01-01T00:00:00.7Z"));
    expect(birth.lost(MAX)).toBeUndefined();
  });

  it("may be lost where the rest of a burst is a good part of a file, and a moment long", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at);
    birth.came(entries(50, "2026-01-01T00:00:00.06Z"));
    expect(birth.lost(MAX)).toMatchObject({ before: "2026-01-01T00:00:00.06Z" });
  });

  it("is whole where a short burst is a small part of a file", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at);
    birth.came(entries(20, "2026-01-01T00:00:00.06Z"));
    expect(birth.lost(MAX)).toBeUndefined();
  });

  it("is not judged where the engine does not say that it begins the file anew", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at);
    birth.came(entries(5_000, "2026-01-01T00:00:00.4Z"));
    expect(birth.lost(undefined)).toBeUndefined();
    expect(birth.state.type).toBe("judged");
  });

  it("is whole where the other files that the engine keeps are not full", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at);
    for (const second of ["0.4", "0.5"]) {
      birth.came(entries(500, `2026-01-01T00:00:0${second}Z`));
      expect(birth.lost({ ...MAX, count: 5 })).toBeUndefined();
    }
    birth.came(entries(1_000, "2026-01-01T00:00:00.6Z"));
    expect(birth.lost({ ...MAX, count: 5 })).toMatchObject({ before: "2026-01-01T00:00:00.4Z" });
  });

  it("is whole where a follow was there before it", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at);
    birth.isWhole();
    birth.came(entries(5_000, "2026-01-01T00:00:00.4Z"));
    expect(birth.lost(MAX)).toBeUndefined();
  });

  it("counts a stamp of whole seconds as all of that second", () => {
    const birth = new LogBirth();
    birth.wasEmpty(at + 500);
    birth.came(entries(1_000, "2026-01-01T00:00:00Z"));
    expect(birth.lost(MAX)).toMatchObject({ before: "2026-01-01T00:00:00Z" });
  });
});
