import { describe, expect, it } from "vitest";
import { DockspoolError } from "../../src/index.ts";
import { endsBy } from "../../src/source/phase-end.ts";
import type { Phase } from "../../src/source/phase.ts";

const bounds = {
  since: 1_000,
  lastByteAt: undefined,
  isPaused: false,
  connectTimeoutMs: 10_000,
  rotateTimeoutMs: 5_000,
  rotatesBy: 61_000,
  lookEveryMs: 30_000,
} as const;
const error = new DockspoolError("ENGINE_UNREACHABLE", "it is away");

describe("when a phase ends at the latest", () => {
  it.each<[Phase, number | undefined]>([
    [{ type: "idle" }, undefined],
    [{ type: "locating" }, 61_000],
    [{ type: "waiting" }, undefined],
    [{ type: "opening" }, 11_000],
    [{ type: "aligning", silenceMs: 1_000 }, 2_000],
    [{ type: "catching-up", isOpened: false }, 11_000],
    [{ type: "following" }, 61_000],
    [{ type: "closing", for: "rotation" }, 6_000],
    [{ type: "reconnecting", attempt: 1, delayMs: 300, error }, 1_300],
    [{ type: "stopped" }, 32_000],
    [{ type: "ended", reason: { kind: "closed" } }, undefined],
  ])("of %j", (phase, by) => {
    expect(endsBy(phase, bounds, 2_000)).toBe(by);
  });

  it("moves with bytes where it waits for them, and rests while the consumer pauses", () => {
    const heard = { ...bounds, lastByteAt: 9_000 };
    const aligning = { type: "aligning", silenceMs: 1_000 } as const;
    const reading = { type: "catching-up", isOpened: true } as const;
    expect([endsBy(aligning, heard), endsBy(reading, heard)]).toEqual([10_000, 19_000]);
    const paused = { ...heard, isPaused: true };
    expect([endsBy(aligning, paused), endsBy(reading, paused)]).toEqual([undefined, undefined]);
  });
});
