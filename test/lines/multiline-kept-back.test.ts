import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { gate } from "../support/delivery-sinks.ts";
import { eager, eventually, Follower, turns } from "../support/fake-follow.ts";

/** Much longer than some turns of the event loop on a busy machine. */
const MAX_WAIT_MS = 150;
const ROUNDS = 8;

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const open = (options: SourceOptions = {}): ContainerLogSource =>
  new ContainerLogSource("web", {
    engine: fake.engine,
    ...eager,
    multiline: { start: /^E/, maxWaitMs: MAX_WAIT_MS },
    ...options,
  });

/** Blocks the process: no read, no timer, for longer than a record waits. */
function block(): void {
  const end = performance.now() + 1.5 * MAX_WAIT_MS;
  while (performance.now() < end);
}

/** Nothing announces that a record has not ended. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2 * MAX_WAIT_MS));

describe("a record whose next line was written, but not read yet, goes on", () => {
  it("where the process was busy with something else", async () => {
    const follower = new Follower(open());
    await follower.status("opened");
    for (let round = 0; round < ROUNDS; round++) {
      const { lines } = follower.source.stats;
      const timestamp = new Date().toISOString();
      web.write(`E${round}`, { timestamp });
      await turns(6);
      web.write(" a", { timestamp });
      // Into the socket, and no further.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      block();
      await follower.until(() => follower.source.stats.lines > lines, "a record");
    }
    await follower.source.close();
    expect(follower.texts).toEqual(Array.from({ length: ROUNDS }, (_, round) => `E${round}\n a`));
  });

  it("where the consumer is slow, also when it has made some room", async () => {
    const limit = 300_000;
    const timestamp = new Date().toISOString();
    const gates = [gate(), gate()] as const;
    const source = open({ bufferBytes: limit });
    const follower = new Follower(source, async (_, index) => {
      if (index === 0) await gates[0].opened;
      // Less than full, and more than what lets reading go on.
      if (index === 12) await gates[1].opened;
    });
    const lines: string[] = [];
    while (source.stats.bufferedBytes < limit) {
      const line = `E${lines.length} ${"x".repeat(10_000)}`;
      web.write(line, { timestamp });
      await eventually(() => source.stats.lines >= lines.length, "the line before");
      lines.push(line);
    }
    // The last one is open, and this waits for room.
    web.write(" a", { timestamp });
    await pause();
    gates[0].open();
    await follower.has(13);
    expect(source.stats.bufferedBytes).toBeGreaterThan(limit / 2);
    expect(source.stats.bufferedBytes).toBeLessThan(limit);
    await pause();
    gates[1].open();
    await follower.has(lines.length);
    await source.close();
    expect(follower.texts).toEqual([...lines.slice(0, -1), `${lines.at(-1)}\n a`]);
  });
});
