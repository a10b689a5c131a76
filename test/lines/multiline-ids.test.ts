import { expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { LogRecord, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { Follower } from "../support/fake-follow.ts";
import { LogReading } from "../support/multiline-reading.ts";

const ids = (records: readonly LogRecord[]): string[] => records.map(({ id }) => id);
const at = { timestamp: "2026-11-23T15:58:34.000000001Z" };

it("lines whose different bytes read the same have ids of their own, the same in each encoding", () => {
  const log = [0xff, 0xfe, 0xff].map((byte): Entry => ({
    ...at,
    stream: "stdout",
    text: Buffer.from([byte]),
    ended: true,
  }));
  const read = (encoding: "utf8" | "latin1"): LogRecord[] => {
    const reading = new LogReading({ encoding });
    reading.read(log, []);
    reading.end();
    return reading.take();
  };
  expect(read("utf8").map(({ line }) => line)).toEqual(["\u{fffd}", "\u{fffd}", "\u{fffd}"]);
  expect(new Set(ids(read("utf8"))).size).toBe(3);
  expect(ids(read("latin1"))).toEqual(ids(read("utf8")));
});

it("a reader that began before a timestamp gives its equal lines the ids that a reader from the start does", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  const before = { timestamp: "2026-11-23T15:58:33.000000001Z" };
  for (let line = 0; line < 300; line++) web.write("tick", before);
  for (let line = 0; line < 300; line++) web.write("tick", at);
  const read = async (options: SourceOptions): Promise<string[]> => {
    const given = { engine: fake.engine, follow: false, ...options };
    const follower = new Follower(new ContainerLogSource("web", given));
    await follower.finished();
    return ids(follower.records);
  };
  const whole = await read({ from: "start" });
  expect(new Set(whole).size).toBe(600);
  for (const tail of [301, 350, 599])
    expect((await read({ from: { tail } })).slice(-300)).toEqual(whole.slice(-300));
});
