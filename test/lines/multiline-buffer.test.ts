import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { LogRecord } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { eventually, Follower } from "../support/fake-follow.ts";
import { LogReading } from "../support/multiline-reading.ts";

const multiline = { start: /^E/, maxWaitMs: 2 ** 31 - 1 };
const LINE = ` ${"x".repeat(9_999)}`;

const size = (records: readonly LogRecord[]): number =>
  records.reduce((sum, { line }) => sum + line.length, 0);

describe("what a buffer holds of long records", () => {
  it("counts whole, however their lines came", () => {
    const log = new LogReading({ multiline });
    log.read([], []);
    let number = 0;
    const comes = (text: string, ended = true): void => {
      const timestamp = `2026-11-23T15:58:34.${String(number++).padStart(9, "0")}Z`;
      const entry: Entry = { stream: "stdout", timestamp, text: Buffer.from(text), ended };
      log.reading.commit([entry], 0);
    };
    for (let record = 0; record < 20; record++) {
      comes("E");
      for (let line = 0; line < 20; line++) comes(LINE);
    }
    const { bytes } = log.buffer;
    expect(bytes).toBeGreaterThanOrEqual(0.99 * 19 * 20 * LINE.length);
    expect(size(log.take())).toBeGreaterThanOrEqual(19 * 20 * LINE.length);
    expect(log.buffer.bytes).toBe(0);
    log.reading.close();
  });

  it("is not more than its limit allows, and nothing is dropped", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const bufferBytes = 500_000;
    const source = new ContainerLogSource("web", { engine: fake.engine, bufferBytes, multiline });
    const follower = new Follower(source, (_, index) => (index === 0 ? gate : undefined));
    const RECORDS = 60;
    const LINES = 20;
    for (let record = 0; record < RECORDS; record++) {
      web.write(`E ${record}`);
      for (let line = 0; line < LINES; line++) web.write(LINE);
    }
    await follower.has(1);
    await eventually(() => source.stats.bufferedBytes >= bufferBytes);
    // One more is in the consumer's hand, one was read when there was no room, and one is open.
    const atMost = bufferBytes / (LINES * LINE.length) + 3;
    expect(source.stats.lines).toBeLessThanOrEqual(atMost);
    release();
    web.stop();
    await follower.has(RECORDS);
    expect(follower.texts).toEqual(
      Array.from({ length: RECORDS }, (_, record) =>
        [`E ${record}`, ...Array.from({ length: LINES }, () => LINE)].join("\n"),
      ),
    );
    await source.close();
  });
});
