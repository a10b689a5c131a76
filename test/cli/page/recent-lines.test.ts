import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ContainerInfo, LogRecord } from "../../../src/index.ts";
import { RecentLines } from "../../../src/cli/page/recent-lines.ts";

const MIB = 1024 * 1024;

function info(name: string): ContainerInfo {
  return {
    id: name,
    name,
    image: "image",
    labels: {},
    tty: false,
    logDriver: "json-file",
    engine: "default",
  };
}

function record(name: string, line: string): LogRecord {
  return {
    container: info(name),
    stream: "stdout",
    timestamp: "2026-11-23T15:58:34.885847851Z",
    line,
    truncated: false,
    id: "id",
    toJSON: () => ({}),
  };
}

function many(name: string, count: number, line = "line"): LogRecord[] {
  return Array.from({ length: count }, (_, index) => record(name, `${line} ${index}`));
}

describe("the last lines", () => {
  it("come in the order in which they were taken, each once", () => {
    const lines = new RecentLines();
    lines.add([record("a", "1"), record("b", "2"), record("a", "3")]);
    const first = lines.after(0);
    expect(first.lines.map(({ name, text }) => name + text)).toEqual(["a1", "b2", "a3"]);
    expect(first.skipped).toBe(0);
    lines.add([record("b", "4")]);
    expect(lines.after(3).lines.map(({ text }) => text)).toEqual(["4"]);
    expect(lines.after(4)).toEqual({ lines: [], skipped: 0 });
  });

  it("of a quiet container stay while another one writes much", () => {
    const lines = new RecentLines();
    lines.add(many("quiet", 3));
    lines.add(many("loud", 50_000, "x".repeat(1_000)));
    const { lines: sent, skipped } = lines.after(0);
    expect(sent.filter(({ name }) => name === "quiet")).toHaveLength(3);
    expect(skipped + sent.length).toBe(50_003);
  });

  it("keep the beginning of a long line, and tell how much is left out", () => {
    const lines = new RecentLines();
    lines.add([record("a", "x".repeat(16_000_000))]);
    const [line] = lines.after(0).lines;
    expect((line?.text.length ?? 0) + (line?.leftOut ?? 0)).toBe(16_000_000);
    expect(lines.bytes).toBeLessThan(20_000);
  });

  it("are bounded, whatever comes from however many containers", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            name: fc.integer({ min: 0, max: 2_000 }),
            count: fc.integer({ min: 1, max: 600 }),
            length: fc.integer({ min: 0, max: 9_000 }),
          }),
          { maxLength: 30 },
        ),
        (batches) => {
          const lines = new RecentLines();
          let sum = 0;
          for (const { name, count, length } of batches) {
            lines.add(many(`${name}`, count, "x".repeat(length)));
            sum += count;
            expect(lines.bytes).toBeLessThanOrEqual(4 * MIB);
          }
          const { lines: sent, skipped } = lines.after(0);
          expect(sent.length + skipped).toBe(sum);
          expect(sent.length).toBeLessThanOrEqual(440);
          expect(JSON.stringify(sent).length).toBeLessThan(MIB);
          // The last one is always among them.
          expect(sent.at(-1)?.number ?? 0).toBe(sum);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("are those of the containers that wrote last", () => {
    const lines = new RecentLines();
    for (let index = 0; index < 5_000; index++) lines.add([record(`job-${index}`, "done")]);
    const { lines: sent } = lines.after(0);
    expect(sent.at(-1)?.name).toBe("job-4999");
    expect(lines.bytes).toBeLessThan(MIB);
  });
});
