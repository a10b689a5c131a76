import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { programPath } from "../support/program-path.ts";

const run = promisify(execFile);

/** What a program says whose sink ends so; nobody looks at `done` where it fails for good. */
const ends: Readonly<Record<string, readonly string[]>> = {
  "hangs, and is closed": ["called", "TASKS_STILL_RUNNING", "TASKS_STILL_RUNNING", "over"],
  "hangs, and is closed from inside": ["called", "TASKS_STILL_RUNNING", "over"],
  "hangs, and is aborted": ["called", "enough", "over"],
  "fails for good": ["called", "over"],
  "is stopped": ["called", "resolved", "over"],
};

describe.each(["source", "pool"])("a process with a %s, the sink of which", (kind) => {
  it.each(Object.entries(ends))("%s exits by itself", async (how, said) => {
    await using fake = await FakeEngine.start();
    fake.create({ name: "web" }).write("one");
    const { socketPath = "" } = fake.engine;
    const args = [programPath("test/delivery/fixtures/exits.ts"), socketPath, kind, how];
    const { stdout } = await run(process.execPath, args, { timeout: 60_000 });
    expect(stdout.trim().split("\n")).toEqual(said);
  });
});
