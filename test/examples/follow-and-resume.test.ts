import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { write } from "../support/delivery-sinks.ts";
import { ExampleRun } from "../support/example-run.ts";

it("follow-and-resume prints each line once, over two starts", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  const setup = { fake, folder: temporaryFolder(), args: ["web"] };
  write(web, 20);
  await using first = new ExampleRun("follow-and-resume", setup);
  await first.until(() => first.lines.length === 10, "the last ten lines");
  write(web, 5, 20);
  await first.until(() => first.lines.length === 15, "lines written meanwhile");
  expect(await first.stop()).toBe(0);
  write(web, 30, 25);
  await using second = new ExampleRun("follow-and-resume", setup);
  await second.until(() => second.lines.length === 30, "lines written between the starts");
  write(web, 1, 55);
  await second.until(() => second.lines.length === 31, "a line written meanwhile");
  expect(await second.stop()).toBe(0);
  expect([...first.lines, ...second.lines]).toEqual(
    web.written.slice(10).map(({ timestamp, stream, line }) => `${timestamp} ${stream} ${line}`),
  );
});

it("follow-and-resume says which container there is none of, and fails", async () => {
  await using fake = await FakeEngine.start();
  await using run = new ExampleRun("follow-and-resume", {
    fake,
    folder: temporaryFolder(),
    args: ["nobody"],
  });
  expect(await run.ended()).toBe(1);
  expect(run.stderr).toMatch(/^CONTAINER_NOT_FOUND: .*nobody.*\n$/);
});
