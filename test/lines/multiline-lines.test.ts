import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, Follower, texts } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

const multiline = { start: /^E/, maxWaitMs: 2 ** 31 - 1 };

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

function write(...lines: readonly string[]): void {
  for (const line of lines) web.write(line);
}

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(
    new ContainerLogSource("web", { engine: fake.engine, ...eager, multiline, ...options }),
  );

/** The log as it is, read to its end. */
async function read(options: SourceOptions = {}): Promise<string[]> {
  const follower = follow({ follow: false, ...options });
  await follower.finished();
  return follower.texts;
}

describe("joined lines", () => {
  it.each(["podman", "docker"] as const)("may be in parts (%s)", async (flavour) => {
    await fake.close();
    fake = await FakeEngine.start({ flavour });
    web = fake.create({ name: "web" });
    const long = ` ${"x".repeat(50_000)}`;
    for (const line of ["E1", long, `E2 ${long}`, long, " a", "E3"]) {
      web.write(line);
      web.write("E between", { stream: "stderr" });
    }
    expect(await read({ streams: ["stdout"] })).toEqual([
      `E1\n${long}`,
      `E2 ${long}\n${long}\n a`,
      "E3",
    ]);
  });

  it("keep every byte with latin1", async () => {
    write("E1", " ä€", "E2");
    const lines = await read({ encoding: "latin1" });
    expect(lines.map((line) => Buffer.from(line, "latin1").toString())).toEqual(["E1\n ä€", "E2"]);
  });

  it("begin where `tail` and `since` say, which count lines", async () => {
    write("E1", " a", " b", "E2", " c");
    expect(await read({ from: { tail: 3 } })).toEqual([" b", "E2\n c"]);
    const { timestamp: since = "" } = web.written[1] ?? {};
    expect(await read({ from: { since } })).toEqual([" a\n b", "E2\n c"]);
  });

  it("are 500 lines and 1 MiB at the most, by default", async () => {
    const long = "x".repeat(300_000);
    const timestamp = "2026-11-23T15:58:34.5Z";
    for (let line = 0; line < 600; line++) web.write(" at", { timestamp });
    for (const line of ["E2", long, long, long, long]) web.write(line, { timestamp });
    const counts = (await read({ multiline: { start: /^E/ } })).map((text) => text.split("\n"));
    expect(counts.map(({ length }) => length)).toEqual([500, 100, 4, 1]);
  });
});

describe("a record that is open", () => {
  it("comes with a last line that has no end when the container stops", async () => {
    const follower = follow();
    write("E1", " a");
    web.write(" b", { partial: true });
    web.stop();
    await follower.has(1);
    await follower.source.close();
    expect(follower.texts).toEqual(["E1\n a\n b"]);
  });

  it("ends before a gap", async () => {
    const follower = follow();
    write("E1", " a");
    await eventually(() => follower.source.stats.lastByteAt !== undefined, "bytes");
    await follower.source.rotate();
    fake.outage();
    write(...Array.from({ length: 50 }, () => "E lost"), " b", "E2");
    web.truncate(2);
    fake.restore();
    await follower.status("gap");
    await follower.until(() => follower.texts.includes(" b"), "what is left");
    expect(follower.texts).toEqual(["E1\n a", " b"]);
    await follower.source.close();
  });

  it("comes to a sink when the source is closed, and counts as delivered", async () => {
    write("E1", " a");
    for (const line of ["E2", "E3"]) web.write(line, { stream: "stderr" });
    const source = new ContainerLogSource("web", { engine: fake.engine, ...eager, multiline });
    const taken: string[] = [];
    source.deliver((records) => void taken.push(...texts(records)));
    await eventually(() => source.stats.lines === 1, "what ends by itself");
    await source.close();
    expect(taken.toSorted()).toEqual(["E1\n a", "E2", "E3"]);
    expect(source.stats.delivered).toBe(3);
  });

  it("comes of a pool whose container is detached", async () => {
    write("E1", " a");
    for (const line of ["E2", "E3"]) web.write(line, { stream: "stderr" });
    const pool = new StreamPool({
      engine: fake.engine,
      from: "start",
      source: { ...eager, multiline },
    });
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.texts(web).includes("E2"), "what ends by itself");
    await pool.detach("web");
    await follower.until(() => follower.records.length === 3, "three records");
    expect(follower.texts(web).toSorted()).toEqual(["E1\n a", "E2", "E3"]);
    await follower.end();
  });
});
