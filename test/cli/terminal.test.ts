import { describe, expect, onTestFinished, test } from "vitest";
import { runCommand } from "../../src/cli/command.ts";
import { FakeEngine } from "../../src/testing.ts";
import { urlOf } from "../support/cli-run.ts";
import { eventually } from "../support/fake-follow.ts";
import { TerminalWindow } from "../support/terminal-window.ts";

async function startEngine(): Promise<FakeEngine> {
  const fake = await FakeEngine.start();
  onTestFinished(() => fake.close());
  return fake;
}

/** The command in this process, on a terminal. */
function start(window: TerminalWindow, ...args: string[]): { readonly ended: Promise<number> } {
  const env = { TERM_PROGRAM: "vscode" };
  return { ended: runCommand(args, "1.2.3", { stdout: window, stderr: window, env }) };
}

function pressCtrlC(): void {
  process.emit("SIGINT", "SIGINT");
}

describe("the command on a terminal", () => {
  test("shows lines above a table of whose logs they are, at any width, and then lines alone", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    for (let number = 0; number < 30; number++) web.write(`line ${number}`);
    const window = new TerminalWindow(120, 24);
    const run = start(window, "--engine", urlOf(fake), "--tail", "all");
    await eventually(() => /^web +streaming +30 /m.test(window.text), "the table");
    expect(window.text).toMatch(`── ${urlOf(fake)} ── healthy ──`);
    for (const columns of [80, 60, 40, 100]) {
      await window.resize(columns, 24);
      web.write(`at ${columns} columns`);
      await eventually(() => window.text.includes(`at ${columns} columns`), "the next line");
      await eventually(() => /^1 container +\d+ lines/m.test(window.text), "the totals");
    }
    expect(window.text.match(/── healthy/g)).toHaveLength(1);
    pressCtrlC();
    expect(await run.ended).toBe(0);
    await window.settled();
    expect(window.text).not.toMatch(/─|streaming/);
    expect(window.text.match(/ web (line|at) \d+/g)).toHaveLength(34);
    expect(window.text).toMatch(/dockspool: 34 lines in .* left open: 0 tasks,\s0 sockets$/s);
  });

  test("shows an engine that is away as one line that counts", async () => {
    const fake = await startEngine();
    for (let number = 0; number < 20; number++) fake.create({ name: `web-${number}` });
    const window = new TerminalWindow(120, 40);
    const run = start(window, "--engine", urlOf(fake));
    await eventually(() => window.text.includes("20 containers"), "the table");
    fake.outage();
    const away = /^! The engine is away for \d+ m?s: attempt (\d+) failed: Can't reach/gm;
    await eventually(() => Number([...window.text.matchAll(away)][0]?.[1]) >= 4, "attempts");
    expect(window.text.match(away)).toHaveLength(1);
    expect(window.text).not.toMatch(/^.*can't be read.*$/m);
    fake.restore();
    await eventually(() => window.text.includes("── healthy"), "the engine");
    expect(window.text).toMatch(/^The engine is back after \d+ m?s\.$/m);
    expect(window.text).not.toMatch(away);
    pressCtrlC();
    expect(await run.ended).toBe(0);
  });

  test("does not obey what a line says", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    web.write("\u001b[2J\u001b]0;title\u0007\u001b[31mred\u0008\u009b2J end");
    const window = new TerminalWindow(80, 10);
    const run = start(window, "--engine", urlOf(fake));
    await eventually(() => window.text.includes("red"), "the line");
    expect(window.text).toMatch(/^[\d:.]{12} web red.* end$/m);
    pressCtrlC();
    expect(await run.ended).toBe(0);
  });

  test("prints JSON without a table", async () => {
    const fake = await startEngine();
    fake.create({ name: "web" }).write("hello");
    const window = new TerminalWindow(200, 20);
    const run = start(window, "--json", "--engine", urlOf(fake));
    await eventually(() => window.text.includes('"hello"'), "the line");
    pressCtrlC();
    expect(await run.ended).toBe(0);
    expect(window.text).not.toContain("── ");
  });
});
