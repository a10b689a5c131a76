import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { write } from "../support/delivery-sinks.ts";
import { ExampleRun } from "../support/example-run.ts";
import { toLines } from "../support/fake-follow.ts";
import type { Line } from "../support/fake-follow.ts";

interface Written extends Line {
  readonly id: string;
  readonly container: { readonly id: string; readonly name: string };
}

/** Stands at the end of what a crash cut short. */
const CUT = '{"id":"cut';

/** What the example has written so far. */
class Output {
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, "logs/lines.ndjson");
  }

  get lines(): string[] {
    return existsSync(this.path) ? readFileSync(this.path, "utf8").split("\n").slice(0, -1) : [];
  }

  of({ id }: FakeContainer): Written[] {
    return this.lines
      .filter((line) => !line.endsWith(CUT))
      .map((line): Written => JSON.parse(line))
      .filter(({ container }) => container.id === id);
  }
}

it("pool-to-file writes every line once, over two starts", async () => {
  await using fake = await FakeEngine.start();
  const folder = temporaryFolder();
  const output = new Output(folder);
  const [web, db] = [fake.create({ name: "web-1" }), fake.create({ name: "db" })];
  const setup = { fake, folder, args: ["logs", "web-*"] };
  write(web, 10);
  await using first = new ExampleRun("pool-to-file", setup);
  await first.until(() => output.of(web).length === 10, "the lines from before");
  const late = fake.create({ name: "web-2" });
  write(late, 7);
  write(web, 500, 10);
  write(db, 5);
  await first.until(() => output.lines.length === 517, "lines written meanwhile");
  write(web, 50, 510);
  expect(await first.stop()).toBe(0);
  write(web, 100, 560);
  write(late, 3, 7);
  const afterwards = fake.create({ name: "web-3" });
  write(afterwards, 4);
  await using second = new ExampleRun("pool-to-file", setup);
  await second.until(() => output.lines.length === 674, "lines written between the starts");
  write(web, 20, 660);
  await second.until(() => output.lines.length === 694, "lines written meanwhile");
  expect(await second.stop()).toBe(0);
  expect(output.lines).toHaveLength(694);
  for (const container of [web, late, afterwards])
    expect(toLines(output.of(container))).toEqual(toLines(container.written));
});

it("pool-to-file loses nothing when it is killed, and writes no line twice but with its id", async () => {
  await using fake = await FakeEngine.start();
  const folder = temporaryFolder();
  const output = new Output(folder);
  const web = fake.create({ name: "web" });
  for (let start = 0; start < 3; start++) {
    const before = output.lines.length;
    await using run = new ExampleRun("pool-to-file", { fake, folder });
    write(web, 2_000, web.written.length);
    await run.until(() => output.lines.length > before + 1, "lines of this start");
    write(web, 2_000, web.written.length);
    await run.kill();
    appendFileSync(output.path, CUT);
  }
  await using last = new ExampleRun("pool-to-file", { fake, folder });
  const end = JSON.stringify(web.written.at(-1)?.line);
  await last.until(() => output.lines.at(-1)?.includes(end) ?? false, "the last line");
  expect(await last.stop()).toBe(0);
  const unique = new Map(output.of(web).map((line) => [line.id, line]));
  expect(toLines([...unique.values()])).toEqual(toLines(web.written));
  expect(output.lines.filter((line) => line.endsWith(CUT))).toHaveLength(3);
});
