import { expect, it, onTestFinished, vi } from "vitest";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { LineAssembler } from "../../src/wire/lines.ts";
import type { ContainerInfo } from "../../src/wire/records.ts";
import { heapBytes } from "../support/heap.ts";
import { sizes, twoSizes } from "../support/size.ts";
import { STAMP } from "./bytes.ts";

const MIB = 1024 * 1024;
/** How much of the frame comes; more than what it may take. */
const COMES_MIB = sizes({ short: 40, long: 200 });
const container: ContainerInfo = {
  id: "ab".repeat(32),
  name: "web",
  image: "web",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

/** Of a frame that is 4 GB long, as its header says. */
const head = Buffer.concat([
  Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from(`${STAMP} `),
]);

it(
  "a frame that claims 4 GB is cut at maxLineBytes, and gets no more memory than that, however much of it comes",
  twoSizes,
  async () => {
    const decoder = new FrameDecoder();
    const lines = new LineAssembler({
      maxLineBytes: MIB,
      encoding: "utf8",
      joining: "by-timestamp",
    });
    const piece = Buffer.alloc(MIB, "x");
    const records: Parameters<LineAssembler["push"]>[2] = [];
    const allocate = vi.spyOn(Buffer, "allocUnsafeSlow");
    onTestFinished(() => allocate.mockRestore());
    await heapBytes();
    const before = process.memoryUsage().arrayBuffers;
    for (const bytes of [head, ...Array.from({ length: COMES_MIB }, () => piece)])
      for (const entry of decoder.push(bytes)) lines.push(entry, container, records);
    expect(decoder.fault).toBeUndefined();
    expect(Math.max(...allocate.mock.calls.map(([size]) => size))).toBeLessThan(2 * MIB);
    allocate.mockClear();
    await heapBytes();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MIB);
    expect(records).toEqual([]);
    lines.flush(container, records);
    expect(records).toMatchObject([{ truncated: true, line: "x".repeat(MIB) }]);
    // It is told how long the line was so far.
    expect(lines.cut[0]?.bytes).toBeGreaterThan((COMES_MIB - 1) * MIB);
  },
);
