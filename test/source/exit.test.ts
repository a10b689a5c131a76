import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";

const fixture = fileURLToPath(new URL("fixtures/follows-and-closes.ts", import.meta.url));
const run = promisify(execFile);

it.each(["break", "close", "abort", "rotate"])(
  "a process that follows, ends it by %s, and does nothing else exits by itself",
  async (how) => {
    await using fake = await FakeEngine.start();
    fake.create({ name: "web" }).write("one");
    const { socketPath = "" } = fake.engine;
    const { stdout } = await run(process.execPath, ["--import", "tsx", fixture, socketPath, how], {
      timeout: 60_000,
    });
    expect(stdout.split("\n").slice(-2)).toEqual(["over", ""]);
  },
);
