import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { ExampleRun } from "../support/example-run.ts";

it("spans prints what a sink does inside its delivery's span", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.start();
  await using run = new ExampleRun("spans", { fake, folder: temporaryFolder(), args: ["w*"] });
  await run.until(() => fake.open.follows === 1, "its stream");
  web.write("one");
  await run.until(() => run.lines.length === 2, "two spans");
  expect(run.lines).toEqual([
    expect.stringMatching(/^write 1 lines in archive, attempt 1: ok, [\d.]+ ms$/),
    expect.stringMatching(/^archive, attempt 1: ok, [\d.]+ ms$/),
  ]);
  expect(await run.stop()).toBe(0);
});
