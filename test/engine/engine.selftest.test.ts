import { existsSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";

import { compareLines, noDifference, readJsonLogs } from "../support/ground-truth.ts";
import type { PlainLine } from "../support/plain-reader.ts";
import { readLog } from "../support/plain-reader.ts";
import { RealEngine, hasEngine, describeWithEngine } from "../support/real-engine.ts";
import { mountsUnder, pathsOutside, processesOf } from "../support/real-engine/leftovers.ts";

describeWithEngine("the shared engine", (engine) => {
  test("answers and tells its figures", async () => {
    const info = await engine.info();
    expect(info.NFd).toBeGreaterThan(0);
    expect(info.NGoroutines).toBeGreaterThan(0);
    expect(info.ServerVersion).toMatch(/^\d+\.\d+/);
    expect(engine.cpuSeconds()).toBeGreaterThanOrEqual(0);
    expect(engine.fds()).toBeGreaterThan(0);
    expect(await engine.docker(["images", "-q", "bb:1"])).toMatch(/^[0-9a-f]{12}\n$/);
  });

  test("keeps what a container writes to both streams, short, long and without an end", async () => {
    const long = "head -c 40000 /dev/zero | tr '\\0' x; echo";
    const id = await engine.run({
      script: `for i in 1 2 3; do echo out $i; echo err $i >&2; done; ${long}; echo; printf open`,
    });
    expect(await engine.wait(id)).toBe(0);
    const lines = await readLog(engine.socketPath, id, { tty: false });
    expect(textsOf(lines, "stdout")).toEqual([
      "out 1",
      "out 2",
      "out 3",
      "x".repeat(40_000),
      "",
      "open",
    ]);
    expect(textsOf(lines, "stderr")).toEqual(["err 1", "err 2", "err 3"]);
    const kept = await readJsonLogs(await engine.jsonLogPaths(id));
    expect(compareLines(kept, lines)).toEqual(noDifference);
  });

  test("keeps lines longer than a part on a terminal, cut characters included", async () => {
    const id = await engine.run({
      tty: true,
      script: "yes ä | head -n 30000 | tr -d '\\n' | sed 's/^/a/'; echo; echo end >&2",
    });
    await engine.wait(id);
    const lines = await readLog(engine.socketPath, id, { tty: true });
    const kept = await readJsonLogs(await engine.jsonLogPaths(id), { tty: true });
    expect(compareLines(kept, lines)).toEqual(noDifference);
    expect(kept.at(-1)).toMatchObject({ stream: "tty", line: "end" });
    expect(kept.at(0)?.line.length).toBeGreaterThan(16_384);
  });

  test("finds rotated and compressed log files, and both readers agree over them", async () => {
    const id = await engine.run({
      options: { "max-size": "200k", "max-file": "6", compress: "true" },
      script:
        "i=0; while [ $i -lt 6000 ]; do echo line number $i of six thousand; i=$((i+1)); done",
    });
    await engine.wait(id);
    // The engine compresses a rotated file while the container goes on.
    await expect
      .poll(async () => (await engine.jsonLogPaths(id)).map(kindOfFile), { timeout: 30_000 })
      .toEqual([".3.gz", ".2.gz", ".1.gz", ""]);
    const kept = await readJsonLogs(await engine.jsonLogPaths(id));
    const numbers = kept.map(({ line }) => Number(line.split(" ")[2]));
    expect(numbers).toEqual(Array.from({ length: 6000 }, (_, index) => index));
    const lines = await readLog(engine.socketPath, id, { tty: false });
    expect(compareLines(kept, lines)).toEqual(noDifference);
  });

  test("stops, starts and kills containers", async () => {
    const id = await engine.run({ script: "echo up; sleep 600", name: "selftest", rm: false });
    await engine.stop(id);
    expect(await engine.wait(id)).toBe(137);
    await engine.start("selftest");
    await engine.kill("selftest");
    await engine.wait(id);
    expect(textsOf(await readLog(engine.socketPath, id, { tty: false }), "stdout")).toEqual([
      "up",
      "up",
    ]);
    await engine.rm(id);
    expect((await engine.api({ method: "GET", path: `/containers/${id}/json` })).status).toBe(404);
  });
});

describe.skipIf(!hasEngine())("an engine of one's own", () => {
  const started: RealEngine[] = [];
  afterEach(async () => {
    for (const engine of started.splice(0)) await engine.stop();
  });
  async function start(options: { liveRestore: boolean }): Promise<RealEngine> {
    const engine = await RealEngine.start(options);
    started.push(engine);
    return engine;
  }

  test("keeps containers running over a crash of its daemon, with live-restore", async () => {
    const engine = await start({ liveRestore: true });
    const id = await engine.run({ script: "echo before; sleep 600" });
    const before = engine.pid;
    await engine.killDaemon();
    await expect(engine.info()).rejects.toThrow();
    await engine.startDaemon();
    expect(engine.pid).not.toBe(before);
    const state = await engine.docker(["inspect", "-f", "{{.State.Status}} {{.RestartCount}}", id]);
    expect(state).toBe("running 0\n");
    await engine.docker(["exec", id, "sh", "-c", "echo after > /proc/1/fd/1"]);
    await expect
      .poll(async () => textsOf(await readLog(engine.socketPath, id, { tty: false }), "stdout"))
      .toEqual(["before", "after"]);
  });

  test("ends its containers when the daemon comes back without live-restore", async () => {
    const engine = await start({ liveRestore: false });
    // The daemon waits 10 seconds for a container that does not end by SIGTERM.
    const id = await engine.run({ script: "trap exit TERM; sleep 600 & wait" });
    await engine.killDaemon();
    await engine.startDaemon();
    expect(await engine.docker(["inspect", "-f", "{{.State.Status}}", id])).toBe("exited\n");
  });

  test("runs beside another one and leaves nothing behind, also after a crash", async () => {
    const [one, two] = await Promise.all([
      start({ liveRestore: false }),
      start({ liveRestore: true }),
    ]);
    await one.run({ script: "sleep 600" });
    await two.run({ script: "sleep 600" });
    expect(processesOf(one.directory).length).toBeGreaterThanOrEqual(4);
    const outside = [one, two].map(({ directory }) => pathsOutside(directory));
    const paths = outside.flatMap(({ sockets, cgroups }) => [...sockets, ...cgroups]);
    expect(paths.length).toBeGreaterThanOrEqual(4);
    await two.killDaemon();
    await Promise.all([one.stop(), two.stop(), one.stop()]);
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
    for (const { directory } of [one, two]) {
      expect(processesOf(directory)).toEqual([]);
      expect(mountsUnder(directory)).toEqual([]);
      expect(existsSync(directory)).toBe(false);
    }
  });
});

describe("comparing a log with what was received", () => {
  const log = Array.from({ length: 10 }, (_, index) => lineOf(index));
  const pick = (...indexes: number[]): PlainLine[] => indexes.map((index) => lineOf(index));

  test("finds no difference between equal logs", () => {
    expect(compareLines(log, [...log])).toEqual(noDifference);
    expect(compareLines([], [])).toEqual(noDifference);
  });

  test.each([
    { what: "a loss", received: pick(0, 1, 2, 3, 5, 6, 7, 8, 9), lost: 1 },
    { what: "a loss at the end", received: pick(0, 1, 2, 3, 4, 5, 6, 7), lost: 2 },
    { what: "a loss of everything", received: [], lost: 10 },
    { what: "a repetition", received: pick(0, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9), repeated: 2 },
    { what: "the whole twice", received: [...log, ...log], repeated: 10 },
    { what: "a line moved far", received: pick(9, 0, 1, 2, 3, 4, 5, 6, 7, 8), reordered: 1 },
    { what: "two swapped", received: pick(0, 1, 2, 4, 3, 5, 6, 7, 8, 9), reordered: 1 },
    { what: "a foreign line", received: [...log, lineOf(99)], foreign: 1 },
    {
      what: "all of it",
      received: pick(0, 2, 1, 3, 3, 99, 5, 6, 7, 8, 9),
      lost: 1,
      repeated: 1,
      foreign: 1,
      reordered: 1,
    },
  ])("counts $what", ({ received, lost = 0, repeated = 0, foreign = 0, reordered = 0 }) => {
    const firstDifference = expect.stringMatching(/^First difference at line \d/);
    const counts = { lost, repeated, foreign, reordered, firstDifference };
    expect(compareLines(log, received)).toEqual(counts);
  });

  test("tells a change of stream, timestamp or text, and shows both sides", () => {
    const changed = [...log];
    changed[4] = { ...lineOf(4), line: "line 4!" };
    expect(compareLines(log, changed).firstDifference)
      .toBe(`First difference at line 4 (counted from 0): the texts differ from character 6 on (lengths 6 and 7).
expected (10 lines):
  1 2026-01-01T00:00:00.000000001Z stdout "line 1"
  2 2026-01-01T00:00:00.000000002Z stdout "line 2"
  3 2026-01-01T00:00:00.000000003Z stdout "line 3"
> 4 2026-01-01T00:00:00.000000004Z stdout "line 4"
  5 2026-01-01T00:00:00.000000005Z stdout "line 5"
  6 2026-01-01T00:00:00.000000006Z stdout "line 6"
  7 2026-01-01T00:00:00.000000007Z stdout "line 7"
received (10 lines):
  1 2026-01-01T00:00:00.000000001Z stdout "line 1"
  2 2026-01-01T00:00:00.000000002Z stdout "line 2"
  3 2026-01-01T00:00:00.000000003Z stdout "line 3"
> 4 2026-01-01T00:00:00.000000004Z stdout "line 4!"
  5 2026-01-01T00:00:00.000000005Z stdout "line 5"
  6 2026-01-01T00:00:00.000000006Z stdout "line 6"
  7 2026-01-01T00:00:00.000000007Z stdout "line 7"`);
    changed[4] = { ...lineOf(4), stream: "stderr" };
    expect(compareLines(log, changed)).toMatchObject({ lost: 1, foreign: 1 });
    changed[4] = { ...lineOf(4), timestamp: lineOf(5).timestamp };
    expect(compareLines(log, changed)).toMatchObject({ lost: 1, foreign: 1 });
  });
});

function lineOf(index: number): PlainLine {
  const timestamp = `2026-01-01T00:00:00.${String(index).padStart(9, "0")}Z`;
  return { stream: "stdout", timestamp, line: `line ${index}` };
}

function textsOf(lines: readonly PlainLine[], stream: PlainLine["stream"]): string[] {
  return lines.filter((line) => line.stream === stream).map(({ line }) => line);
}

function kindOfFile(path: string): string {
  return path.slice(path.lastIndexOf("-json.log") + "-json.log".length);
}
