import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { programPath } from "../support/program-path.ts";

const run = promisify(execFile);

it.each(["source", "pool"])(
  "a process whose store can't be written exits by itself once its %s is closed",
  async (what) => {
    await using fake = await FakeEngine.start();
    fake.create({ name: "web" }).write("one");
    const { socketPath = "" } = fake.engine;
    const { stdout } = await run(
      process.execPath,
      [programPath("test/checkpoint/fixtures/exits.ts"), socketPath, what],
      {
        timeout: 60_000,
      },
    );
    expect(stdout).toBe("one\nover\n");
  },
);
