import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { eager, eventually, Follower, texts } from "../support/fake-follow.ts";
import { LogReading } from "../support/multiline-reading.ts";

const start = /^E/;
/** Lines that were written together, however late they come. */
const at = { timestamp: "2026-11-23T15:58:34.885847851Z" } as const;
const isFollow = (path: string): boolean => path.includes("follow=1");

describe("an open record, by a clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const MAX_WAIT_MS = 1_000;
  /** The looks that come after the first one are up to a quarter of the time apart. */
  const LATEST_MS = 1.25 * MAX_WAIT_MS;
  let entries: Entry[] = [];
  let quietSince: number | undefined;
  let log: LogReading;
  beforeEach(() => {
    entries = [];
    quietSince = -Infinity;
    log = new LogReading(
      { multiline: { start, maxWaitMs: MAX_WAIT_MS } },
      undefined,
      () => quietSince,
    );
    log.read([], []);
  });
  afterEach(() => log.reading.close());

  function comes(text: string, stream: "stdout" | "stderr" = "stdout", ended = true): void {
    const timestamp = `2026-11-23T15:58:34.${String(entries.length).padStart(9, "0")}Z`;
    const entry = { stream, timestamp, text: Buffer.from(text), ended };
    entries.push(entry);
    log.reading.commit([entry], 0);
  }

  const got = (): string[] => texts(log.take());

  it("is complete when no line has come for so long, and not before", () => {
    comes("E1");
    vi.advanceTimersByTime(MAX_WAIT_MS - 1);
    comes(" at a");
    vi.advanceTimersByTime(MAX_WAIT_MS - 1);
    expect(got()).toEqual([]);
    vi.advanceTimersByTime(LATEST_MS - MAX_WAIT_MS + 1);
    expect(got()).toEqual(["E1\n at a"]);
    comes(" at b");
    vi.advanceTimersByTime(LATEST_MS);
    expect(got()).toEqual([" at b"]);
  });

  it("is not kept open by the other stream's lines", () => {
    comes("E1", "stderr");
    for (let line = 0; line < 20; line++) {
      comes(`E out ${line}`);
      vi.advanceTimersByTime(LATEST_MS / 20);
    }
    expect(got()).toContain("E1");
  });

  it("waits for a line that has begun to come", () => {
    comes("E1");
    comes(" at ", "stdout", false);
    comes("E err ", "stderr", false);
    vi.advanceTimersByTime(5 * MAX_WAIT_MS);
    expect(got()).toEqual([]);
  });

  it("waits while lines are kept back", () => {
    comes("E1");
    quietSince = undefined;
    vi.advanceTimersByTime(5 * MAX_WAIT_MS);
    expect(got()).toEqual([]);
    comes(" at a");
    quietSince = performance.now();
    vi.advanceTimersByTime(MAX_WAIT_MS - 1);
    expect(got()).toEqual([]);
    vi.advanceTimersByTime(LATEST_MS - MAX_WAIT_MS + 1);
    expect(got()).toEqual(["E1\n at a"]);
  });

  it("is complete although it is never listened for as long", () => {
    comes("E1");
    for (let turn = 0; turn < 40; turn++) {
      quietSince = performance.now();
      vi.advanceTimersByTime(MAX_WAIT_MS / 2);
    }
    expect(got()).toEqual(["E1"]);
  });

  it("is waited for by one timer, and by none once it is complete", () => {
    for (let line = 0; line < 50; line++) comes(" at");
    comes("E err", "stderr");
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(2 * LATEST_MS);
    expect(got().length).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
    comes("E");
    log.reading.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("an open record of a source", () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(() => fake.close());

  const follow = (
    maxWaitMs: number,
    options: SourceOptions = {},
    visit?: ConstructorParameters<typeof Follower>[1],
  ): Follower => {
    const multiline = { start, maxWaitMs };
    const given = { engine: fake.engine, ...eager, multiline, ...options };
    return new Follower(new ContainerLogSource("web", given), visit);
  };

  /** Nothing announces that nothing has happened. */
  async function outlast(ms: number): Promise<void> {
    const end = performance.now() + ms;
    await eventually(() => performance.now() > end);
  }

  it("comes without another line, also a line before any beginning", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow(20);
    web.write(" any");
    await follower.has(1);
    web.write("E1");
    web.write(" at a");
    await follower.has(2);
    expect(follower.texts).toEqual([" any", "E1\n at a"]);
    await follower.source.close();
  });

  it("waits while its consumer does, and until what was written meanwhile is read", async () => {
    const web = fake.create({ name: "web" });
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const follower = follow(20, { bufferBytes: 1 }, (_, index) => (index === 0 ? gate : undefined));
    for (const line of ["E0", "E1", "E2"]) web.write(line, at);
    await follower.has(1);
    await eventually(() => follower.source.stats.bufferedBytes > 1);
    for (const line of [" at a", " at b"]) web.write(line, at);
    await outlast(60);
    fake.fault = ({ path }) => (path.includes("/logs?") ? { delayMs: 80 } : undefined);
    for (const line of [" at c", "E3"]) web.write(line, at);
    release();
    await follower.until(() => follower.texts.at(-1)?.includes("at c") === true);
    expect(follower.texts).toEqual(["E0", "E1", "E2\n at a\n at b\n at c"]);
    await follower.source.close();
  });

  it("waits in the middle of a rotation", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow(150);
    await follower.status("opened");
    web.write("E1", at);
    await follower.until(() => follower.source.stats.lastByteAt !== undefined);
    fake.fault = ({ path }) => (isFollow(path) ? { delayMs: 400 } : undefined);
    const rotation = follower.source.rotate();
    await eventually(() => fake.requests.filter(({ path }) => isFollow(path)).length === 2);
    web.write(" at a", at);
    await rotation;
    await follower.has(1);
    expect(follower.texts).toEqual(["E1\n at a"]);
    await follower.source.close();
  });

  it("waits while its engine is away", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow(200);
    await follower.status("opened");
    web.write("E1", at);
    await follower.until(() => follower.source.stats.lastByteAt !== undefined);
    fake.outage();
    await follower.status("reconnecting", 100);
    web.write(" at a", at);
    fake.restore();
    await follower.has(1);
    expect(follower.texts).toEqual(["E1\n at a"]);
    await follower.source.close();
  });

  it.each([
    ["a container", {}, "docker"],
    ["a terminal", { tty: true }, "docker"],
    ["Podman", {}, "podman"],
  ] as const)("waits for a line of %s that has begun to come", async (_, spec, flavour) => {
    await using engine = await FakeEngine.start({ flavour });
    const web = engine.create({ name: "web", ...spec });
    const follower = follow(20, { engine: engine.engine });
    await follower.status("opened");
    web.write("E1", at);
    web.write(" at ", { ...at, partial: true });
    await follower.until(() => follower.source.stats.lastByteAt !== undefined);
    await outlast(80);
    web.write("a", at);
    await follower.has(1);
    expect(follower.texts).toEqual(["E1\n at a"]);
    await follower.source.close();
  });

  it("comes although the stream is rotated more often than that", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow(300, { rotateEveryMs: 60 });
    web.write("E1");
    await follower.until(() => follower.records.length === 1, "the record");
    expect(follower.texts).toEqual(["E1"]);
    await follower.source.close();
  });
});
