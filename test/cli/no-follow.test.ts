import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { CommandRun, urlOf } from "../support/cli-run.ts";

async function startEngine(): Promise<FakeEngine> {
  const fake = await FakeEngine.start();
  onTestFinished(() => fake.close());
  return fake;
}

describe("the command with --no-follow", () => {
  test("prints the logs as they are, of stopped containers too, and ends", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    const job = fake.create({ name: "job" });
    const long = "x".repeat(40_000);
    for (let number = 0; number < 500; number++) web.write(`line ${number}`);
    web.write(long);
    job.write("done");
    job.stop();
    await using run = new CommandRun(["--no-follow", "--json", "--engine", urlOf(fake)]);
    expect(await run.ended()).toBe(0);
    const records: { line: string; timestamp: string; stream: string }[] = run.lines.map((line) =>
      JSON.parse(line),
    );
    const truth = [...job.log, ...web.log];
    expect(records.map(({ timestamp, stream, line }) => ({ timestamp, stream, line }))).toEqual(
      truth,
    );
    expect(fake.open).toMatchObject({ follows: 0, reads: 0 });
  });

  test("begins at the last lines where it is told to, and reads those that match", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    fake.create({ name: "db" }).write("of the db");
    for (let number = 0; number < 20; number++) web.write(`line ${number}`);
    await using run = new CommandRun(["web", "--no-follow", "--tail", "3"], { fake });
    expect(await run.ended()).toBe(0);
    expect(run.lines.map((line) => line.slice(13))).toEqual([
      "web line 17",
      "web line 18",
      "web line 19",
    ]);
  });

  test("fails where positions can't be saved, behind the last line", async () => {
    const fake = await startEngine();
    fake.create({ name: "web" }).write("line");
    const path = join(temporaryFolder(), "missing", "places.json");
    for (const args of [["--no-follow"], []]) {
      await using run = new CommandRun([...args, "--checkpoints", path], { fake });
      await run.until(() => run.lines.length === 1, "the line");
      if (args.length === 0) run.signal("SIGINT");
      expect(await run.ended()).toBe(1);
      expect(run.stderr.trimEnd().split("\n").at(-1)).toContain(
        `dockspool: Positions are not saved in ${path}: `,
      );
    }
  });

  test("fails where there is no such container", async () => {
    const fake = await startEngine();
    fake.create({ name: "web" });
    await using run = new CommandRun(["wbe", "--no-follow"], { fake });
    expect(await run.ended()).toBe(1);
    expect(run.notices.at(-1)).toMatch(/^dockspool: No such container at unix:/);
  });

  test("says which container keeps no log, and reads the others", async () => {
    const fake = await startEngine();
    fake.create({ name: "mute", logDriver: "none" });
    fake.create({ name: "web" }).write("hello");
    await using run = new CommandRun(["--no-follow"], { fake });
    expect(await run.ended()).toBe(0);
    expect(run.lines.map((line) => line.slice(13))).toEqual(["web hello"]);
    expect(run.stderr).toMatch(/^! mute is skipped: /m);
  });

  test("ends quietly when nobody reads its output any more", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    for (let number = 0; number < 20_000; number++) web.write("x".repeat(100));
    await using run = new CommandRun(["--no-follow"], { fake, isRead: false });
    await run.until(() => fake.open.reads > 0, "reading");
    run.closeOutput();
    expect(await run.ended()).toBe(0);
    expect(run.notices).toHaveLength(1);
  });
});

test.each([["--help"], ["--version"], ["nats --help"]])(
  "%s ends quietly when nobody reads it",
  async (args) => {
    await using run = new CommandRun(args.split(" "), { isRead: false });
    run.closeOutput();
    expect(await run.ended()).toBe(0);
    expect(run.stderr).toBe("");
  },
);
