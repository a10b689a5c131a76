import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LogGrowth } from "../../../scripts/soak/log-growth.ts";

describe("the lines of a log that grows", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dp-growth-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("are counted once each, wherever a look comes between, parts of long lines left out", async () => {
    const path = join(folder, "log");
    const time = "2026-11-28T10:00:00.5Z";
    const entry = fc.record({
      log: fc.oneof(fc.string(), fc.constant("x".repeat(70_000)), fc.constant('\n","stream"')),
      isWhole: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 8 }),
        fc.array(fc.nat(200)),
        async (all, cuts) => {
          const texts = all.map(({ log, isWhole }) => {
            const text = log.replaceAll("\n", "") + (isWhole ? "\n" : "");
            return `${JSON.stringify({ log: text, stream: "stdout", time })}\n`;
          });
          const bytes = Buffer.from(texts.join(""));
          writeFileSync(path, "");
          const growth = new LogGrowth(path);
          let at = 0;
          for (const cut of [...cuts, bytes.length]) {
            appendFileSync(path, bytes.subarray(at, at + cut));
            at += cut;
            await growth.look();
          }
          expect(growth.lines).toBe(all.filter(({ isWhole }) => isWhole).length);
        },
      ),
      { numRuns: 40 },
    );
  });
});
