import { afterEach, expect, test, vi } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("with the date alone faked, as docs/bundlers.md says, lines come, rotations work and all ends", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-02T03:04:05Z") });
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.write("line 0");
  const source = new ContainerLogSource("web", { engine: fake.engine });
  const lines: string[] = [];
  for await (const { line, timestamp } of source) {
    expect(timestamp).toMatch(/^2030-01-02T03:04:05/);
    lines.push(line);
    if (lines.length === 5) break;
    await source.rotate();
    web.write(`line ${lines.length}`);
  }
  expect(lines).toEqual(["line 0", "line 1", "line 2", "line 3", "line 4"]);
  const pool = new StreamPool({ engine: fake.engine, from: "start" });
  const byPool: string[] = [];
  for await (const { line } of pool) if (byPool.push(line) === 5) break;
  expect(byPool).toEqual(lines);
  await pool.close();
});
