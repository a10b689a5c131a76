import fc from "fast-check";
import { expect, it } from "vitest";
import { containersToTell } from "../../src/delivery/retry.ts";
import { LineRecord } from "../../src/wire/records.ts";

const timestamp = "2026-11-23T15:58:34.885847851Z";

function recordOf(container: number): LineRecord {
  const info = {
    id: String(container).repeat(64).slice(0, 64),
    name: `c${container}`,
    image: "web:1",
    labels: {},
    tty: false,
    logDriver: "json-file",
    engine: "default",
  };
  return new LineRecord(info, "stdout", timestamp, "x", false, Buffer.from("x"), 0);
}

const containers = fc.array(fc.nat({ max: 9 }), { minLength: 1 });

it("each failed attempt is told; to each container of the batch at attempts 1, 2, 4, 8, …", () => {
  fc.assert(
    fc.property(containers, fc.integer({ min: 1, max: 1_000 }), (numbers, attempt) => {
      const records = numbers.map(recordOf);
      const retry = { sink: "http", attempt, delayMs: 0, error: undefined, records };
      const told = containersToTell(retry).map(({ name }) => name);
      const all = [...new Set(numbers)].map((number) => `c${number}`);
      const doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].includes(attempt);
      expect(told).toEqual(doubled ? all : all.slice(0, 1));
    }),
  );
});
