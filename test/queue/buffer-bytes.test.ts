import { expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eventually } from "../support/fake-follow.ts";

const LINES = 50_000;
const BUFFER_BYTES = 64 * 1024;
/** What a line takes at the least while it waits, and as many as one read of 64 KiB brings. */
const LEAST_BYTES = 48;
const READ_LINES = 65_536 / 39;

it.each(["", "x", "x".repeat(90)])(
  "what is read ahead of a consumer is bounded, of lines that are %j",
  async (line) => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (let index = 0; index < LINES; index++) web.write(line);
    web.stop();
    const options = { engine: fake.engine, follow: false, bufferBytes: BUFFER_BYTES };
    await using source = new ContainerLogSource("web", options);
    const iterator = source[Symbol.asyncIterator]();
    let lines = 0;
    let others = 0;
    for (let result = await iterator.next(); result.done !== true; result = await iterator.next()) {
      if (result.value.line !== line) others++;
      if (lines++ > 0) continue;
      await eventually(() => source.stats.bufferedBytes >= BUFFER_BYTES, "a full buffer");
      expect(source.stats.lines).toBeLessThan(BUFFER_BYTES / LEAST_BYTES + 2 * READ_LINES);
      expect(source.stats.lines).toBeLessThan(LINES / 2);
    }
    expect([lines, others]).toEqual([LINES, 0]);
    expect(web.written).toHaveLength(LINES);
  },
);
