import fc from "fast-check";
import { frame } from "./bytes.ts";

/** How the timestamps of a stream run, and how they are written. */
export type StreamClock = "rising" | "equal" | "backward" | "seconds" | "offset" | "mixed";
export const streamClocks: readonly StreamClock[] = [
  "rising",
  "equal",
  "backward",
  "seconds",
  "offset",
  "mixed",
];

const steps: Readonly<Record<StreamClock, readonly number[]>> = {
  rising: [1, 1, 700, 5_000_000, 1_000_000_000],
  equal: [0, 0, 0, 1],
  backward: [1, 3, 700, 2_000, -1, -700, -1_500],
  seconds: [0, 50_000_000, 400_000_000],
  offset: [1, 1_000],
  mixed: [0, 1, 400_000_000],
};

const START = Date.UTC(2026, 10, 23, 15, 58, 34);

function stamp(nanoseconds: number, form: "ns" | "µs" | "s" | "offset"): string {
  const seconds = new Date(START + Math.floor(nanoseconds / 1e9) * 1_000)
    .toISOString()
    .slice(0, 19);
  const fraction = String(nanoseconds % 1e9).padStart(9, "0");
  if (form === "s") return `${seconds}Z`;
  if (form === "µs") return `${seconds}.${fraction.slice(0, 6)}Z`;
  return form === "ns" ? `${seconds}.${fraction}Z` : `${seconds}.${fraction}+05:30`;
}

function formsOf(clock: StreamClock): ("ns" | "µs" | "s" | "offset")[] {
  if (clock === "seconds") return ["s"];
  if (clock === "offset") return ["offset"];
  return clock === "mixed" ? ["ns", "ns", "ns", "µs", "s", "offset"] : ["ns"];
}

/** What stands behind the timestamp of a frame. */
const text: fc.Arbitrary<Buffer> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(
        ...["\n", "", "tick\n", "tick\n", "tock\n", "no end", "a\rb\r\n", "ä€😀\n"],
        // Texts in which a shorter timestamp seems to go on.
        ...["123456789 x\n", "aZ x\n", "helloZ x\n", "2026-11-23T15:58:34Z \n"],
      )
      .map((line) => Buffer.from(line)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.uint8Array({ maxLength: 30 }), fc.constantFrom("\n", "\n", ""))
      .map(([bytes, end]) => Buffer.concat([bytes, Buffer.from(end)])),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 60, max: 300 })
      .map((size) => Buffer.from(`${"x".repeat(size)}\n`)),
  },
);
/** Parts as the engine cuts lines, and frames at and above the size in which they are handed on. */
const long: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom(16_384, 65_495, 65_496, 65_504, 65_505, 65_506, 131_072, 150_000),
    fc.boolean(),
  )
  .map(([size, ends]) => Buffer.from(`${"y".repeat(size)}${ends ? "\n" : ""}`));

/** Frames that a healthy engine does not send; behind most of them nothing can be read. */
const strange: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(
    frame(3, "Error grabbing logs: unexpected EOF\n"),
    frame(4, "2026-11-23T15:58:34Z x\n"),
    frame(1, ""),
    frame(2, "no timestamp\n"),
    frame(1, "2026-13-45T99:00:00.000000000Z the engine's form\n"),
    frame(1, "2026-13-45T99:00:00Z x\n"),
    frame(1, `${"z".repeat(31)}\n`),
    frame(2, "2026-11-23T15:58:34.885847851Z"),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);

/** A log as the engine sends it, frame by frame. What is strange may stand in it, or not. */
export function arbitraryFrames(clock: StreamClock, maxLength = 60): fc.Arbitrary<Buffer[]> {
  const one = fc.record({
    type: fc.constantFrom(1, 1, 2, 2, 0),
    usualType: fc.constantFrom(1, 1, 2),
    isUsual: fc.integer({ min: 0, max: 30 }).map((number) => number > 0),
    step: fc.constantFrom(...steps[clock]),
    form: fc.constantFrom(...formsOf(clock)),
    text: fc.oneof({ weight: 30, arbitrary: text }, { weight: 1, arbitrary: long }),
  });
  const frames = fc.array(one, { maxLength }).map((list) => {
    let now = 900_000_000;
    return list.map(({ type, usualType, isUsual, step, form, text: line }) => {
      now = Math.max(0, now + step);
      return frame(
        isUsual ? usualType : type,
        Buffer.concat([Buffer.from(`${stamp(now, form)} `), line]),
      );
    });
  });
  return fc
    .tuple(frames, fc.option(fc.tuple(fc.nat(), strange), { freq: 4, nil: undefined }))
    .map(([list, oddity]) => {
      if (oddity === undefined) return list;
      const [where, bytes] = oddity;
      return list.toSpliced(where % (list.length + 1), 0, bytes);
    });
}
