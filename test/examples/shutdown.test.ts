import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/checkpoint-files.ts";

const program = fileURLToPath(new URL("../support/example-saving.ts", import.meta.url));

it("a signal that comes while positions are saved is left to the process's own listener", async () => {
  const path = join(temporaryFolder(), "positions.json");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", program, path],
    { timeout: 60_000 },
  );
  expect(stdout).toBe("ended by itself\n");
});
