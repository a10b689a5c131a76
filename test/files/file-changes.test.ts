import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { FileChanges } from "../../src/files/file-changes.ts";
import type { Told } from "../../src/files/file-changes.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";

interface Watched {
  readonly folder: string;
  readonly log: string;
  readonly changes: FileChanges;
  readonly next: () => Promise<Told>;
}

async function watched(): Promise<Watched> {
  const parent = temporaryFolder();
  const folder = join(parent, "c1");
  const log = join(folder, "log");
  mkdirSync(folder);
  writeFileSync(log, "a line\n");
  const changes = new FileChanges(folder, parent);
  onTestFinished(() => changes.close());
  const { signal } = new AbortController();
  // Looks by time come as well.
  const next = async (): Promise<Told> => {
    for (;;) {
      const told = await changes.wait(false, signal);
      if (told !== "nothing") return told;
    }
  };
  return { folder, log, changes, next };
}

describe("what a folder's watch tells", () => {
  it("is that a file was written to, or emptied", async () => {
    const { log, next } = await watched();
    for (const write of [() => appendFileSync(log, "more\n"), () => truncateSync(log)]) {
      write();
      expect(await next()).toBe("written");
    }
  });

  const others: Readonly<Record<string, (log: string) => void>> = {
    "is new": (log) => writeFileSync(`${log}.1`, ""),
    "was renamed": (log) => renameSync(log, `${log}.1`),
    "is gone": (log) => rmSync(log),
  };
  for (const [what, change] of Object.entries(others)) {
    it(`is more than that where a file ${what}, also when one was written to before and behind it`, async () => {
      const { log, next } = await watched();
      appendFileSync(log, "more\n");
      change(log);
      appendFileSync(log, "more\n");
      const told = [await next()];
      while (told.at(-1) !== "anything") told.push(await next());
      expect(told.length).toBeLessThanOrEqual(2);
    });
  }

  it("is nothing where only time has passed", async () => {
    const { changes } = await watched();
    expect(await changes.wait(false, new AbortController().signal)).toBe("nothing");
  });
});
