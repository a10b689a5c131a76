import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { programPath } from "../support/program-path.ts";

const run = promisify(execFile);

it.each(["break", "close", "abort", "rotate"])(
  "a process that follows, ends it by %s, and does nothing else exits by itself",
  async (how) => {
    await using fake = await FakeEngine.start();
    fake.create({ name: "web" }).write("one");
    const { socketPath = "" } = fake.engine;
    const { stdout } = await run(
      process.execPath,
      [programPath("test/source/fixtures/follows-and-closes.ts"), socketPath, how],
      {
        timeout: 60_000,
      },
    );
    expect(stdout.split("\n").slice(-2)).toEqual(["over", ""]);
  },
);
