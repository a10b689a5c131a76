import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { ExampleRun } from "../support/example-run.ts";

const info = ["2026-11-23 15:58:34.885  INFO 1 --- [main] shop.Orders : started"];
const trace = [
  "2026-11-23 15:58:35.001 ERROR 1 --- [http-1] shop.Orders : order 17 failed",
  "java.lang.IllegalStateException: no stock",
  "\tat shop.Orders.place(Orders.java:42)",
  "\tat shop.Api.post(Api.java:17)",
  "Caused by: java.sql.SQLException: connection refused",
  "\tat shop.Db.open(Db.java:5)",
  "\t... 2 more",
];
const threadEnd = [
  'Exception in thread "worker" java.lang.OutOfMemoryError: Java heap space',
  "\tat shop.Cache.fill(Cache.java:9)",
];

it("java-traces prints each stack trace as one record, and how many lines it has", async () => {
  await using fake = await FakeEngine.start();
  const shop = fake.create({ name: "shop" });
  await using run = new ExampleRun("java-traces", {
    fake,
    folder: temporaryFolder(),
    args: ["shop"],
  });
  const records: { lines: readonly string[]; stream: "stdout" | "stderr" }[] = [];
  const write = (lines: readonly string[], stream: "stdout" | "stderr" = "stdout") => {
    records.push({ lines, stream });
    for (const line of lines) shop.write(line, { stream });
  };
  write(info);
  write(trace);
  await run.until(() => fake.open.follows === 1, "the container is followed");
  write(trace);
  write(info);
  write(threadEnd, "stderr");
  const count = records.reduce((sum, { lines }) => sum + 1 + lines.length, 0);
  await run.until(() => run.lines.length >= count, "all records");
  expect(await run.stop()).toBe(0);

  let first = 0;
  const expected = records.flatMap(({ lines, stream }) => {
    const { timestamp } = shop.written[first] ?? {};
    first += lines.length;
    const size = lines.length === 1 ? "1 line" : `${lines.length} lines`;
    return [`${timestamp} ${stream}, ${size}`, ...lines];
  });
  // Each stream's lines are joined by themselves, so that what two streams print meanwhile may change places.
  expect(run.lines.filter((line) => !threadEnd.includes(line) && !line.includes("stderr"))).toEqual(
    expected.slice(0, -3),
  );
  expect(run.lines.join("\n")).toContain(expected.slice(-3).join("\n"));
});
