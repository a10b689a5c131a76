import { Writable } from "node:stream";
import { Registry } from "prom-client";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCommand } from "../../src/cli/command.ts";
import { startPage } from "../../src/cli/page/start-page.ts";
import { MemoryCheckpointStore, StreamPool } from "../../src/index.ts";
import type { PoolOptions } from "../../src/index.ts";
import { printable } from "../../src/printable.ts";
import { registerPrometheus } from "../../src/prometheus.ts";
import { FakeEngine } from "../../src/testing.ts";
import { urlOf } from "../support/cli-run.ts";
import { EventReader } from "../support/event-reader.ts";
import { Exposition } from "../support/exposition.ts";
import { eventually } from "../support/fake-follow.ts";

/** What a container may be called, where something else than an engine answers; and what any may write. */
const hostile: readonly string[] = [
  "\u001b]0;title\u0007\u001b[2Jclear",
  "eight\u009b31m bits\u0085\u0090x\u009c",
  "\u202edirection\u2066\u200f\u061c",
  "nul\u0000\u0008\u007fdel",
  "lone\ud800surrogate\udc00",
  "line\nend\r\u2028\u2029",
  '__proto__"}\\',
  "constructor",
  "../../../../etc/passwd",
  "<img src=x onerror=alert(1)>",
];
const END = "the end";

/** What the command itself does with a terminal. */
// eslint-disable-next-line no-control-regex
const own = /\u001b\[(?:\d*A|J|\?(?:7|25)[hl]|\d{1,3}m)|\r(?=\u001b\[J)|[\n\t]/g;
const obeyed = /[\p{Cc}\p{Bidi_Control}\p{Cs}]/u;

async function hostileEngine(): Promise<FakeEngine> {
  const fake = await FakeEngine.start();
  onTestFinished(() => fake.close());
  for (const text of hostile) {
    const labels = { [text]: text, "com.docker.compose.service": text };
    const container = fake.create({ name: text, image: text, labels });
    for (const line of hostile) container.write(line.replaceAll("\n", " "));
  }
  fake.create({ name: "last" }).write(END);
  return fake;
}

/** Takes what is written as it is. */
class Written extends Writable {
  readonly isTTY: boolean;
  readonly columns = 100;
  readonly rows = 30;
  text = "";

  constructor(isTerminal: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTerminal;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

describe("names, labels and lines that would be obeyed", () => {
  test.each([
    { where: "on a terminal", isTerminal: true, args: [] },
    { where: "in a pipe", isTerminal: false, args: [] },
    { where: "as JSON on a terminal", isTerminal: true, args: ["--json"] },
    { where: "as JSON in a pipe", isTerminal: false, args: ["--json"] },
    { where: "read once", isTerminal: true, args: ["--no-follow"] },
  ])("are not by the command, $where", async ({ isTerminal, args }) => {
    const fake = await hostileEngine();
    const [stdout, stderr] = [new Written(isTerminal), new Written(isTerminal)];
    const surroundings = { stdout, stderr, env: { TERM_PROGRAM: "vscode" } };
    const ended = runCommand(
      ["--engine", urlOf(fake), "--tail", "all", ...args],
      "1.2.3",
      surroundings,
    );
    if (!args.includes("--no-follow")) {
      // Each container has written it once.
      const came = (): number => stdout.text.split("onerror=alert(1)>").length - 1;
      const isAll = (): boolean => stdout.text.includes(END) && came() >= hostile.length;
      await eventually(isAll, "all lines");
      fake.container("constructor").rename("\u001b[2Jrenamed");
      fake.container('__proto__"}\\').remove();
      await eventually(() => stderr.text.includes("renamed") || isTerminal, "a notice");
      process.emit("SIGINT", "SIGINT");
    }
    expect(await ended).toBe(0);
    for (const { text } of [stdout, stderr]) expect(text.replace(own, "")).not.toMatch(obeyed);
    expect(stdout.text).not.toContain("\u001b[2J");
    if (!args.includes("--json")) return;
    const records: { line: string; container: { name: string; labels: object } }[] = stdout.text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    // Nothing of them is lost.
    const names = new Set(records.map(({ container }) => container.name));
    expect([...names].toSorted()).toEqual([...hostile, "last"].toSorted());
    for (const { container } of records) {
      expect(Object.getPrototypeOf(container.labels)).toBe(Object.prototype);
      if (container.name !== "last")
        expect(Object.hasOwn(container.labels, container.name)).toBe(true);
    }
  });

  test("are text on the page", async () => {
    const pool = await followHostile();
    const page = await startPage(pool, { label: hostile[0] ?? "" });
    onTestFinished(() => page[Symbol.asyncDispose]());
    const add = (async () => {
      for await (const batch of pool.batches()) page.add(batch);
    })();
    using reader = await EventReader.open(page.url);
    await reader.first("lines", ({ lines }) => lines.some(({ text }) => text === END));
    await reader.first("overview", ({ containers }) => containers.length > hostile.length);
    for (const message of reader.text.split("\n\n")) {
      const [event = "", data = ""] = message.split("\ndata: ");
      expect(event).not.toMatch(obeyed);
      // Line ends within a line stay, as JSON has them.
      const shown: string[] = [];
      JSON.parse(data === "" ? "null" : data, (_, value: unknown) => {
        if (typeof value === "string") shown.push(value.replaceAll("\n", ""));
        return value;
      });
      for (const text of shown) expect(text).not.toMatch(obeyed);
    }
    await pool.close();
    await add;
  });

  test("are labels of metrics that a scrape reads, each with its own", async () => {
    const pool = await followHostile();
    const registry = new Registry();
    const unregister = registerPrometheus(pool, { registry });
    await deliverAll(pool);
    const scrape = new Exposition(await registry.metrics());
    const named = scrape.of("dockspool_container_log_lines_total", { stream: "stdout" });
    const names = new Set(named.map(({ labels }) => labels["container_name"]));
    for (const text of hostile) expect(names).toContain(printable(text));
    unregister();
  });

  test("are no keys, and leave every object's prototype alone", async () => {
    const checkpoints = new MemoryCheckpointStore();
    const pool = await followHostile({ checkpoints });
    await deliverAll(pool);
    await pool.close();
    let keys = 0;
    for await (const key of checkpoints.keys("")) {
      expect(key).toMatch(/^[\w:-]+(?:\/[0-9a-f]{64})?$/);
      keys++;
    }
    expect(keys).toBe(hostile.length + 2);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

/** A pool that follows them all. */
async function followHostile(options: PoolOptions = {}): Promise<StreamPool> {
  const fake = await hostileEngine();
  const pool = new StreamPool({ engine: fake.engine, from: "start", ...options });
  onTestFinished(() => pool.close());
  return pool;
}

/** Until every line was delivered. */
async function deliverAll(pool: StreamPool): Promise<void> {
  pool.deliver(() => {});
  await eventually(() => pool.stats.lines > hostile.length ** 2, "all lines");
}
