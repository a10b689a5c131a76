import { rm } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { CommandRun } from "../support/cli-run.ts";
import type { CommandSetup } from "../support/cli-run.ts";
import { eventually } from "../support/fake-follow.ts";

async function startEngine(): Promise<FakeEngine> {
  const fake = await FakeEngine.start();
  onTestFinished(() => fake.close());
  return fake;
}

function start(args: readonly string[], setup: CommandSetup): CommandRun {
  const run = new CommandRun(args, setup);
  onTestFinished(() => run.kill());
  return run;
}

interface JsonRecord {
  readonly timestamp: string;
  readonly stream: string;
  readonly line: string;
  readonly id: string;
  readonly container: { readonly name: string };
}

function recordsOf({ lines }: CommandRun): JsonRecord[] {
  return lines.map((line): JsonRecord => JSON.parse(line));
}

/** What has to agree with the engine's log. */
function truthOf(records: readonly JsonRecord[], name: string): object[] {
  return records
    .filter(({ container }) => container.name === name)
    .map(({ timestamp, stream, line }) => ({ timestamp, stream, line }));
}

describe("the command, following", () => {
  test("says that it waits where no container is of the name, and follows the one that comes", async () => {
    const fake = await startEngine();
    fake.create({ name: "web" });
    const run = start(["wbe"], { fake });
    const isTold = () => run.notices.includes("No container to follow yet: waiting for one.");
    await run.until(isTold, "the notice");
    fake.create({ name: "wbe" }).write("hello");
    await run.until(() => run.lines.length === 1, "its line");
    expect(await run.stop()).toBe(0);
  });

  test("prints each line once, with its container and in its order, over rotations", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    const db = fake.create({ name: "db" });
    web.write("before");
    const run = start(["--rotate-every", "0.1"], { fake });
    await run.until(() => run.lines.length >= 1, "the first line");
    for (let number = 0; number < 50; number++) {
      web.write(`web ${number}`);
      db.write(`db ${number}`, { stream: "stderr" });
      if (number % 10 === 0) {
        const before = fake.requests.length;
        await run.until(() => fake.requests.length > before + 2, "a rotation");
      }
    }
    await run.until(() => run.lines.length >= 101, "all lines");
    expect(await run.stop()).toBe(0);
    const ofContainer = (name: string): string[] =>
      run.lines
        .map((line) => /^[\d:.]{12} (\w+) +(.*)$/.exec(line) ?? [])
        .filter(([, found]) => found === name)
        .map(([, , text = ""]) => text);
    expect(ofContainer("web")).toEqual(web.written.map(({ line }) => line));
    expect(ofContainer("db")).toEqual(db.written.map(({ line }) => line));
    expect(run.notices.at(-1)).toMatch(
      /^dockspool: 101 lines in .* 0 gaps, left open: 0 tasks, 0 sockets$/,
    );
    expect(run.stderr + run.stdout).not.toContain("\u001b");
  });

  test("with --json prints the records as NDJSON, and nothing else on standard output", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web", labels: { team: "a" } });
    for (let number = 0; number < 100; number++)
      web.write(`line ${number} "\u001b[31mred\u001b[0m" \t€`, {
        stream: number % 3 === 0 ? "stderr" : "stdout",
      });
    const run = start(["--json", "--tail", "all"], { fake });
    await run.until(() => run.lines.length >= 100, "the past");
    web.write("later");
    await run.until(() => run.lines.length >= 101, "what came later");
    expect(await run.stop()).toBe(0);
    const records = recordsOf(run);
    expect(truthOf(records, "web")).toEqual(web.written);
    expect(new Set(records.map(({ id }) => id)).size).toBe(101);
    expect(records[0]?.container).toMatchObject({
      id: web.id,
      engine: "default",
      labels: { team: "a" },
    });
    expect(run.notices).toContain("+ web (fake:latest)");
  });

  test("prints what is wanted only: containers, labels, lines", async () => {
    const fake = await startEngine();
    const wanted = fake.create({ name: "web-1", labels: { app: "shop" } });
    const others = [
      fake.create({ name: "web-2", labels: { app: "bank" } }),
      fake.create({ name: "db", labels: { app: "shop" } }),
    ];
    for (const container of [wanted, ...others])
      for (const line of ["fine", "an Error", "fine again", "error 2"]) container.write(line);
    const run = start(["web*", "--label", "app=shop", "--grep", "/error/i", "--json"], { fake });
    await run.until(() => run.lines.length >= 2, "the lines");
    expect(await run.stop()).toBe(0);
    expect(recordsOf(run).map(({ container, line }) => [container.name, line])).toEqual([
      ["web-1", "an Error"],
      ["web-1", "error 2"],
    ]);
  });

  test("with --multiline joins lines, and --grep looks at all of them", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    for (const line of ["Error: a", "  at x", "  at y", "fine", "Error: b", "  at z", "fine"])
      web.write(line);
    const args = ["--multiline", "^\\S", "--grep", "at z", "--tail", "all", "--json"];
    const run = start(args, { fake });
    await run.until(() => run.lines.length >= 1, "the record");
    expect(await run.stop()).toBe(0);
    expect(recordsOf(run).map(({ line }) => line)).toEqual(["Error: b\n  at z"]);
  });

  test("with --since begins there", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    web.write("old", { timestamp: "2026-11-01T00:00:00Z" });
    web.write("new", { timestamp: "2026-11-02T00:00:00Z" });
    const run = start(["--since", "2026-11-01T12:00:00Z", "--json"], { fake });
    await run.until(() => run.lines.length >= 1, "the line");
    expect(await run.stop()).toBe(0);
    expect(recordsOf(run).map(({ line }) => line)).toEqual(["new"]);
  });

  test("with --checkpoints goes on where it was, with no line lost or repeated", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    const db = fake.create({ name: "db" });
    const file = `/tmp/dockspool-cli-${web.id.slice(0, 12)}.json`;
    onTestFinished(() => rm(file, { force: true }));
    const records: JsonRecord[] = [];
    for (let round = 0; round < 3; round++) {
      for (let number = 0; number < 20; number++)
        for (const container of [web, db]) container.write(`${round}.${number}`);
      const run = start(["--checkpoints", file, "--json", "--tail", "all"], { fake });
      await run.until(() => run.lines.length >= 40, "the lines of this round");
      for (const container of [web, db]) container.write(`${round} in between`);
      if (round === 0) await run.until(() => run.lines.length >= 42, "those written meanwhile");
      expect(await run.stop()).toBe(0);
      records.push(...recordsOf(run));
    }
    const rest = start(["--checkpoints", file, "--json", "--no-follow"], { fake });
    expect(await rest.ended()).toBe(0);
    records.push(...recordsOf(rest));
    expect(truthOf(records, "web")).toEqual(web.written);
    expect(truthOf(records, "db")).toEqual(db.written);
  });

  test("tells in one line that its engine is away, and in one that it is back", async () => {
    const fake = await startEngine();
    const containers = Array.from({ length: 5 }, (_, index) =>
      fake.create({ name: `web-${index}` }),
    );
    const run = start(["--json"], { fake });
    await run.until(
      () => run.notices.filter((one) => one.startsWith("+")).length === 5,
      "all five",
    );
    const before = run.notices.length;
    fake.outage();
    await run.until(() => run.notices.length > before, "the notice");
    for (const [index, container] of containers.entries()) container.write(`in between ${index}`);
    // Long enough for several attempts of each.
    const away = Date.now();
    await run.until(() => Date.now() - away > 3_000, "an outage that lasts");
    fake.restore();
    await run.until(() => run.lines.length >= 5, "what was written meanwhile");
    expect(await run.stop()).toBe(0);
    expect(run.notices.slice(before, -1)).toEqual([
      "The engine can't be reached; trying again until it is back.",
      expect.stringMatching(/^The engine is back after \d+ s\.$/),
    ]);
  });

  test("ends quietly when nobody reads its output any more", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    web.write("first");
    const run = start([], { fake });
    await run.until(() => run.lines.length >= 1, "the first line");
    run.closeOutput();
    const timer = setInterval(() => web.write("more"), 5);
    onTestFinished(() => clearInterval(timer));
    expect(await run.ended()).toBe(0);
    expect(run.stderr).not.toMatch(/EPIPE|Error|    at /);
    expect(fake.open.follows).toBe(0);
  });

  test("ends at once at the second Ctrl-C, while its output is not read", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    const run = start(["--tail", "all"], { fake, isRead: false });
    await run.until(() => fake.open.follows === 1 && run.notices.length >= 2, "a follow");
    const begun = run.bytesRead;
    for (let number = 0; number < 30_000; number++) web.write("x".repeat(100));
    // More than a pipe holds: less is written at once, and it ends at the first.
    await run.until(() => run.bytesRead > begun + 1_000_000, "much of the log");
    run.signal("SIGINT");
    await run.until(() => fake.open.follows === 0, "the end of reading");
    // One that follows at once is taken for the same one.
    const timer = setInterval(() => run.signal("SIGINT"), 50);
    onTestFinished(() => clearInterval(timer));
    await eventually(() => run.exitCode !== null, "its end");
    expect(run.exitCode).toBe(130);
  });
});

describe("the command", () => {
  test("shows a demo where there is no engine, without a word of alarm", async () => {
    const run = start(["--json"], {});
    await run.until(() => run.lines.length >= 20, "lines of the demo");
    expect(await run.stop()).toBe(0);
    expect(run.notices[0]).toMatch(/^DEMO, NO REAL CONTAINERS: .*made up/);
    expect(new Set(recordsOf(run).map(({ container }) => container.name)).has("demo-gateway")).toBe(
      true,
    );
    expect(run.notices.slice(1, -1).filter((one) => !one.startsWith("+"))).toEqual([]);
  });

  test.each([
    [
      "an engine that is not there",
      ["--engine", "unix:///nowhere.sock"],
      3,
      /^dockspool: Can't reach the engine at unix:\/\/\/nowhere/,
    ],
    [
      "none for positions",
      ["--checkpoints", "/tmp/none.json"],
      3,
      /^dockspool: Can't reach the engine/,
    ],
    [
      "an URL that is none",
      ["--engine", "nonsense://x"],
      2,
      /^dockspool: Option --engine was given "nonsense/,
    ],
    [
      "a context that is none",
      ["--context", "nowhere"],
      2,
      /^dockspool: Option --context was given "nowhere": there is no such Docker context in/,
    ],
    ["a wrong option", ["--tail", "x"], 2, /^dockspool: Option --tail was given "x"/],
  ])("says why it ends at the start, and by its exit code: %s", async (_, args, code, words) => {
    const run = start(args, { env: { DOCKER_CONFIG: "/nowhere" } });
    expect(await run.ended()).toBe(code);
    expect(run.stderr).toMatch(words);
    expect(run.stdout).toBe("");
    expect(run.stderr).not.toContain("    at ");
  });

  test("colours its output where it is told to", async () => {
    const fake = await startEngine();
    fake.create({ name: "web" }).write("hello");
    const run = start(["--no-follow"], { fake, env: { FORCE_COLOR: "1" } });
    expect(await run.ended()).toBe(0);
    expect(run.stdout).toContain("\u001b[36mweb\u001b[39m");
  });
});
