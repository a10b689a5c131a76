import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CertainLines, CertainRead, WRITTEN_MS } from "../../src/stream/certain-lines.ts";
import type { Entry } from "../../src/wire/entry.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

function line(text: string): Entry {
  const timestamp = "2026-11-28T10:00:00.000000001Z";
  return { stream: "stdout", timestamp, text: Buffer.from(text), ended: true };
}

/** What a read hands over that lasts for `tookMs`. */
function read(certain: CertainLines, lines: readonly Entry[], tookMs = 0): string[] {
  const reading = new CertainRead(certain, "all", true);
  vi.advanceTimersByTime(tookMs);
  return [...reading.push(lines), ...reading.end()].map(({ text }) => text.toString());
}

describe("the last line of a read that may show half of it", () => {
  it("is certain once another one stands behind it", () => {
    const certain = new CertainLines();
    expect(read(certain, [line("one"), line("two")])).toEqual(["one"]);
    expect(certain.isHolding).toBe(true);
    expect(read(certain, [line("one"), line("two"), line("thr")])).toEqual(["one", "two"]);
  });

  it("is certain once a read shows it unchanged that began long enough after the first one", () => {
    const certain = new CertainLines();
    expect(read(certain, [line("half")])).toEqual([]);
    vi.advanceTimersByTime(WRITTEN_MS - 1);
    expect(read(certain, [line("half")])).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(read(certain, [line("half")])).toEqual(["half"]);
    expect(certain.isHolding).toBe(false);
  });

  it("is not certain because a read of it comes late: it shows what was there when it began", () => {
    const certain = new CertainLines();
    expect(read(certain, [line("half")])).toEqual([]);
    expect(read(certain, [line("half")], 10 * WRITTEN_MS)).toEqual([]);
    expect(read(certain, [line("half a line")])).toEqual([]);
  });
});
