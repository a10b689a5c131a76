/** @module-tag long */
import { join } from "node:path";
import { expect, test } from "vitest";
import { Contained } from "../support/contained.ts";
import type { Mounted } from "../support/contained.ts";
import { pause } from "../support/pause.ts";
import { readLog } from "../support/plain-reader.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { longOnly, sizes } from "../support/size.ts";

const LINES = 1_000;
const SOON = { timeout: 60_000, interval: 50 };

describeWithEngine("a collector in a container of its own", (engine) => {
  let count = 0;
  const labelled = (): string => `contained-${process.pid}-${count++}`;
  const data = join(engine.directory, "data");
  const atRoot = { mounts: [`${join(data, "containers")}:/engine/containers:ro`], root: "/engine" };
  const atOwnPath = { mounts: [`${join(data, "containers")}:${join(data, "containers")}:ro`] };

  test.each(
    sizes<(Mounted & { readonly driver: string })[]>({
      short: [{ read: "auto", driver: "json-file", ...atRoot }],
      long: [
        { read: "auto", driver: "json-file", ...atRoot },
        { read: "files", driver: "local", ...atRoot },
        { read: "auto", driver: "local", ...atOwnPath },
        { read: "files", driver: "json-file", ...atOwnPath },
      ],
    }),
  )("reads all from files: $read, $driver, $mounts", async ({ driver, ...given }) => {
    const label = labelled();
    // It writes half, and goes on when it is told to.
    const half = (from: number, to: number): string =>
      `i=${from}; while [ $i -lt ${to} ]; do echo line $i; i=$((i+1)); done`;
    const wait = `while [ -z "$go" ]; do ${pause(20)}; done`;
    const script = `trap go=1 USR1; ${half(0, LINES / 2)}; ${wait}; ${half(LINES / 2, LINES)}`;
    const options = { "max-size": "20k", "max-file": "30" };
    const first = await engine.run({ name: `${label}-first`, driver, script, options });
    const moment = `${label}-moment`;
    const collector = await Contained.run(engine, label, given);
    await collector.until("ready");
    const second = await engine.run({ name: `${label}-second`, driver, script, options });
    await engine.run({ name: moment, driver, script: "echo of a moment", rm: true });
    await collector.until("detached", moment);
    for (const id of [first, second]) {
      await engine.kill(id, "SIGUSR1");
      await engine.wait(id);
    }
    const truth = new Map<string, unknown>();
    for (const [name, id] of [
      ["first", first],
      ["second", second],
    ] as const)
      truth.set(`${label}-${name}`, await readLog(engine.ownSocketPath, id, { tty: false }));
    const recordsOf = async (name: string): Promise<unknown[]> =>
      (await collector.said()).flatMap((word) =>
        word[0] === "record" && word[1] === name
          ? [{ stream: word[2], timestamp: word[3], line: word[4] }]
          : [],
      );
    for (const [name, lines] of truth) {
      await expect
        .poll(async () => (await recordsOf(name)).length, SOON)
        .toBeGreaterThanOrEqual(LINES);
      expect(await recordsOf(name)).toEqual(lines);
    }
    expect(await recordsOf(moment)).toMatchObject([{ line: "of a moment" }]);
    expect(await collector.stop()).toBe(0);
    const said = await collector.said();
    const readings = said.flatMap((word) =>
      word[0] === "reading" ? [`${word[1]}: ${word[2]}`] : [],
    );
    // Nothing of the collector itself is followed.
    expect(new Set(readings)).toEqual(
      new Set(["first", "moment", "second"].map((name) => `${label}-${name}: files`)),
    );
    const ways = said.flatMap((word) =>
      word[0] === "record" && word[1] === `${label}-first` ? [word[5]] : [],
    );
    expect(new Set(ways)).toEqual(new Set(["files"]));
  });

  test.each<Mounted & { readonly what: string; readonly why: RegExp }>([
    { what: "no mount", read: "auto", why: /there is no file .*-json\.log/ },
    { what: "no mount", read: "files", why: /there is no file .*-json\.log/ },
    {
      what: "a folder without the container",
      read: "auto",
      mounts: [`${import.meta.dirname}:/engine:ro`],
      root: "/engine",
      why: /there is no file \/engine\/containers/,
    },
    {
      what: "a root that is not there",
      read: "files",
      ...atRoot,
      root: "/other",
      why: /there is no file \/other/,
    },
    {
      what: "a user without the right to read",
      read: "auto",
      ...atRoot,
      isUnprivileged: true,
      why: /EACCES|permission|may not/i,
    },
    {
      what: "a user without the right to read",
      read: "files",
      ...atRoot,
      isUnprivileged: true,
      why: /EACCES|permission|may not/i,
    },
  ])("says why it does not read from files: $what, $read", longOnly, async ({ why, ...given }) => {
    const label = labelled();
    await engine.run({ name: `${label}-web`, script: "echo one; sleep 60" });
    const collector = await Contained.run(engine, label, given);
    if (given.read === "auto") {
      await collector.until("record", `${label}-web`);
      const said = await collector.said();
      const [, , via, reason] = said.find(([type]) => type === "reading") ?? [];
      expect({ via, reason }).toEqual({ via: "engine", reason: expect.stringMatching(why) });
    } else {
      await collector.until("skipped", `${label}-web`);
      const said = await collector.said();
      const [, , code, message] = said.find(([type]) => type === "skipped") ?? [];
      expect({ code, message }).toEqual({
        code: "FILES_UNREADABLE",
        message: expect.stringMatching(why),
      });
    }
  });
});
