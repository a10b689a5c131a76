import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { traitsOf } from "../../src/engine/traits.ts";
import type { LogReader, ReadEnd, ReadHandlers } from "../../src/stream/log-reader.ts";
import { readPlainly } from "../../src/stream/plain-read.ts";
import type { PlainEnd } from "../../src/stream/plain-read.ts";

/** Has answered, and sends nothing until its read is given up, or `end` is called. */
class SilentReader {
  end: () => void = () => {};
  readonly reader: LogReader;

  constructor(server: string) {
    const inspection = { followIsWhole: true, traits: traitsOf({ server }) };
    const read = (_: unknown, { opened }: ReadHandlers, signal: AbortSignal): Promise<ReadEnd> =>
      new Promise((resolve, reject) => {
        opened?.();
        this.end = () => resolve("complete");
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    this.reader = { inspection, read } as unknown as LogReader;
  }
}

async function endAfter(ms: number, server: string, tail: number): Promise<PlainEnd | "waits"> {
  const silent = new SilentReader(server);
  let end: PlainEnd | "waits" = "waits";
  const handlers = { visit: () => {} };
  const read = readPlainly(silent.reader, { tail }, handlers, new AbortController().signal);
  const done = read.then((how) => {
    end = how;
  });
  await vi.advanceTimersByTimeAsync(ms);
  const found = end;
  silent.end();
  await done;
  return found;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a tail whose first byte does not come", () => {
  it.each(["Docker/26.1.5 (linux)", "Docker/28.5.2 (linux)", "nginx"])(
    "is given up where the engine may look for it for ever: %s",
    async (server) => {
      expect(await endAfter(1_900, server, 1)).toBe("waits");
      expect(await endAfter(2_100, server, 1)).toBe("stuck");
    },
  );

  it("is waited for as much longer as there is more to be passed over", async () => {
    expect(await endAfter(20_000, "Docker/28.5.2 (linux)", 20_000)).toBe("waits");
    expect(await endAfter(22_100, "Docker/28.5.2 (linux)", 20_000)).toBe("stuck");
  });

  it("says nothing of the log of an engine that finds every tail, however busy it is", async () => {
    expect(await endAfter(60_000, "Docker/20.10.24 (linux)", 1)).toBe("waits");
  });
});
