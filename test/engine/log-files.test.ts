import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { LogRecord } from "../../src/index.ts";
import { openLogFiles } from "../../src/files/open-log-files.ts";
import { ODD_LINES, bothWays, locate } from "../support/files-and-api.ts";
import { create, follow } from "../support/follow.ts";
import { expectExplained, numbered } from "../support/numbered-log.ts";
import { RealEngine, describeWithEngine } from "../support/real-engine.ts";
import type { RunOptions } from "../support/real-engine.ts";
import { whyNoEngine } from "../support/real-engine/programs.ts";
import { sizes, twoSizes } from "../support/size.ts";

const ENDS_MS = 60_000;

/** Of each line of a stopped container. */
async function attributesOf(
  engine: RealEngine,
  id: string,
  read: "files" | "engine",
): Promise<LogRecord["attributes"][]> {
  const { socketPath } = engine;
  const options = { read, attributes: true, follow: false };
  const source = new ContainerLogSource(id, { engine: { socketPath }, ...options });
  const ways: string[] = [];
  source.on("reading", ({ via }) => ways.push(via));
  const given: LogRecord["attributes"][] = [];
  for await (const { attributes } of source) given.push(attributes);
  expect(ways).toEqual(read === "files" ? ["files"] : []);
  return given;
}

describeWithEngine("Docker's log files", (engine) => {
  test.each(["json-file", "local"])("hold the entries that the API shows: %s", async (driver) => {
    // Docker before 23 shows a terminal's line whose return stands alone in its last part glued to the next one.
    const isOld = Number.parseInt(await engine.version(), 10) < 23;
    const hold = async (tty: boolean): Promise<void> => {
      const script = isOld && tty ? ODD_LINES.replace("16383", "16382") : ODD_LINES;
      const id = await engine.run({ driver, tty, script });
      await engine.wait(id, ENDS_MS);
      const { files, api } = await bothWays(engine, id);
      expect(files.length).toBeGreaterThan(30);
      expect(files).toEqual(api);
    };
    await Promise.all([hold(false), hold(true)]);
  });

  test("hold the attributes that the API shows", async () => {
    const options = { labels: "b,a,A,é", tag: "{{.Name}}/<&>", env: "FACE" };
    const labels = { a: 'x "}', b: "ä, =", A: "100 % + 1", é: "" };
    const env = { FACE: "😀\t\\" };
    const script = `${ODD_LINES}\necho one; echo two >&2`;
    const hold = async (tty: boolean): Promise<void> => {
      const id = await engine.run({ tty, script, options, labels, env });
      await engine.wait(id, ENDS_MS);
      const noted = await bothWays(engine, id, { attributes: true });
      expect(noted.files).toEqual(noted.api);
      expect(noted.files.join()).toContain('"a":"x \\"}"');
      const bare = await bothWays(engine, id);
      expect(bare.files).toEqual(bare.api);
      const fromFiles = await attributesOf(engine, id, "files");
      expect(fromFiles[0]).toMatchObject({ ...labels, ...env });
      expect(new Set(fromFiles).size).toBe(1);
      expect(fromFiles).toEqual(await attributesOf(engine, id, "engine"));
    };
    await Promise.all([hold(false), hold(true)]);
  });

  // `local` refuses the options.
  test("hold no attributes where the driver notes none", async () => {
    const id = await engine.run({ driver: "local", script: ODD_LINES, labels: { a: "b" } });
    await engine.wait(id, ENDS_MS);
    const { files, api } = await bothWays(engine, id, { attributes: true });
    expect(files).toEqual(api);
    expect(files[0]).toContain(" {} ");
    expect((await attributesOf(engine, id, "files"))[0]).toEqual({});
  });

  test.each([
    { driver: "json-file", options: { "max-size": "20k", "max-file": "40", compress: "true" } },
    { driver: "local", options: { "max-size": "20k", "max-file": "40" } },
  ])("are the same where they are rotated and compressed: $driver", async (given) => {
    const script = "i=0; while [ $i -lt 3000 ]; do echo line $i of a log; i=$((i+1)); done";
    const id = await engine.run({ ...given, script });
    await engine.wait(id, ENDS_MS);
    const { files, api } = await bothWays(engine, id);
    expect(files.length).toBe(3_000);
    expect(files).toEqual(api);
  });
});

describe.skipIf(whyNoEngine(undefined, "podman") !== undefined)("Podman's k8s-file logs", () => {
  let engine: RealEngine | undefined;
  beforeAll(async () => {
    engine = await RealEngine.start({ kind: "podman" });
  });
  afterAll(async () => {
    await engine?.stop();
  });

  test.each([false, true])("hold the entries that the API shows; terminal: %s", async (tty) => {
    if (engine === undefined) throw new Error("no engine");
    const id = await engine.run({ tty, script: ODD_LINES });
    await engine.wait(id, ENDS_MS);
    const { files, api } = await bothWays(engine, id);
    expect(files.length).toBeGreaterThan(25);
    expect(files).toEqual(api);
  });

  test("are read on where a full file is replaced: each replacement is a hole", async () => {
    if (engine === undefined) throw new Error("no engine");
    const script = "i=0; while [ $i -lt 12000 ]; do echo $i; i=$((i+1)); done";
    const next = await followNumbers(engine, { script, options: { "max-size": "40k" } });
    expect(next).toBe(12_000);
  });

  test("are read by the engine where it says that it replaces them", async () => {
    if (engine === undefined) throw new Error("no engine");
    const id = await engine.run({ script: "echo one", options: { "max-size": "40k" } });
    await engine.wait(id, ENDS_MS);
    const following = follow(engine.socketPath, id, { read: "auto" });
    await following.untilStopped();
    expect(following.of("reading")).toMatchObject([
      { via: "engine", reason: expect.stringContaining("max-size") },
    ]);
    expect(following.lines.map(({ line }) => line)).toEqual(["one"]);
    const refused = follow(engine.socketPath, id, { read: "files" });
    await expect(refused.done).rejects.toMatchObject({ code: "FILES_UNREADABLE" });
  });

  test(
    "have all of a burst before an exit, which a stream of the engine's loses",
    twoSizes,
    async () => {
      if (engine === undefined) throw new Error("no engine");
      const { times, lines } = sizes({
        short: { times: 1, lines: 5_000 },
        long: { times: 4, lines: 50_000 },
      });
      for (let round = 0; round < times; round++) {
        const id = await create(engine, { script: numbered(lines) });
        const following = follow(engine.socketPath, id, { read: "files" });
        await following.untilStopped();
        await engine.start(id);
        await engine.wait(id, ENDS_MS);
        await following.untilStopped(2);
        expect(expectExplained("burst", following, lines)).toBe(0);
        expect(following.lines).toHaveLength(lines);
      }
    },
  );
});

/** Reads numbered lines from the files while they are written: each follows the one before, or a hole is told. */
async function followNumbers(engine: RealEngine, given: RunOptions): Promise<number> {
  const id = await engine.run(given);
  const { location } = await locate(engine, id);
  await using reader = await openLogFiles(location, { type: "start" });
  if (reader === undefined) throw new Error("The log has no files.");
  let isOver = false;
  const ended = engine.wait(id, ENDS_MS).then(() => {
    isOver = true;
  });
  let expected = 0;
  // Some may be deleted before the first look.
  for (let isHole = true, wasOver = false; ;) {
    const news = await reader.next();
    if (news.type === "hole") {
      expect(news.cause).not.toBe("damaged");
      isHole = true;
    } else if (news.type === "entries") {
      for (const { text } of news.entries) {
        const number = Number(text.toString());
        if (isHole) expect(number).toBeGreaterThanOrEqual(expected);
        else expect(number).toBe(expected);
        isHole = false;
        expected = number + 1;
      }
    } else {
      if (wasOver) break;
      wasOver = isOver;
      await delay(2);
    }
  }
  await ended;
  return expected;
}
