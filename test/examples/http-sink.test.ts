import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { write } from "../support/delivery-sinks.ts";
import { Endpoint } from "../support/example-endpoint.ts";
import { ExampleRun } from "../support/example-run.ts";
import { texts } from "../support/fake-follow.ts";

/** What was put aside: the errors and the lines. */
function refused(folder: string): { readonly error: string; readonly line: string }[] {
  const text = readFileSync(join(folder, "state/refused.ndjson"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((json) => {
    const { error, record } = JSON.parse(json);
    return { error, line: record.line };
  });
}

function textsOf(container: FakeContainer): string[] {
  return texts(container.written);
}

it("http-sink posts each line in order, again after 503, and puts aside what is refused", async () => {
  await using fake = await FakeEngine.start();
  await using endpoint = await Endpoint.start();
  const folder = temporaryFolder();
  const web = fake.create({ name: "web" });
  const setup = { fake, folder, args: [endpoint.url] };
  endpoint.answers.push(503, 503);
  write(web, 100);
  await using first = new ExampleRun("http-sink", setup);
  await first.until(() => endpoint.accepted.length === 100, "lines after two refusals");
  const [one, two, three] = endpoint.posts;
  expect([one?.status, two?.status, three?.status]).toEqual([503, 503, 200]);
  expect([two?.records, three?.records]).toEqual([one?.records, one?.records]);
  endpoint.answers.push(400);
  web.write("what the endpoint does not like");
  await first.until(() => endpoint.answers.length === 0, "the refusal");
  write(web, 50, 100);
  await first.until(() => endpoint.accepted.length === 150, "lines behind the refusal");
  expect(await first.stop()).toBe(0);
  write(web, 20, 150);
  await using second = new ExampleRun("http-sink", setup);
  await second.until(() => endpoint.accepted.length === 170, "lines written between the starts");
  expect(await second.stop()).toBe(0);
  expect(endpoint.accepted).toEqual(textsOf(web).toSpliced(100, 1));
  expect(refused(folder)).toEqual([
    {
      error: `Error: ${endpoint.url} answered 400: answer 400`,
      line: "what the endpoint does not like",
    },
  ]);
});

it("http-sink puts aside what failed in the last attempt, and goes on", async () => {
  await using fake = await FakeEngine.start();
  await using endpoint = await Endpoint.start();
  const folder = temporaryFolder();
  const web = fake.create({ name: "web" });
  endpoint.answers.push(503, 429);
  write(web, 3);
  await using run = new ExampleRun("http-sink", {
    fake,
    folder,
    args: [endpoint.url],
    env: { ATTEMPTS: "2" },
  });
  await run.until(() => endpoint.answers.length === 0, "two attempts");
  write(web, 4, 3);
  await run.until(() => endpoint.accepted.length === 4, "later lines");
  expect(await run.stop()).toBe(0);
  expect(endpoint.accepted).toEqual(textsOf(web).slice(3));
  expect(refused(folder)).toEqual(
    textsOf(web)
      .slice(0, 3)
      .map((line) => ({ error: `Error: ${endpoint.url} answered 429: answer 429`, line })),
  );
});
