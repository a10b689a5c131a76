import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { programPath } from "../support/program-path.ts";

it("a signal that comes while positions are saved is left to the process's own listener", async () => {
  const path = join(temporaryFolder(), "positions.json");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [programPath("test/examples/fixtures/saving.ts"), path],
    { timeout: 60_000 },
  );
  expect(stdout).toBe("ended by itself\n");
});
