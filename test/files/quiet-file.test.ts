import { appendFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { QuietFile } from "../../src/files/quiet-file.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";

const TEXT = "a line\n";

async function quietFile(): Promise<{ readonly path: string; readonly file: QuietFile }> {
  const path = join(temporaryFolder(), "log");
  writeFileSync(path, TEXT);
  const file = new QuietFile(path);
  await file.readTo(TEXT.length);
  await file.readTo(TEXT.length);
  return { path, file };
}

describe("a file that was read to its end", () => {
  it("is unchanged once it was so twice", async () => {
    const { path, file } = await quietFile();
    expect(await file.isUnchanged()).toBe(true);
    const other = new QuietFile(path);
    expect(await other.isUnchanged()).toBe(false);
    await other.readTo(TEXT.length);
    expect(await other.isUnchanged()).toBe(false);
  });

  const changes: Readonly<Record<string, (path: string) => void>> = {
    written: (path) => appendFileSync(path, TEXT),
    emptied: (path) => writeFileSync(path, ""),
    "emptied, and written to the same size": (path) => {
      writeFileSync(path, TEXT.toUpperCase());
      // The clock of files goes in steps of some milliseconds.
      utimesSync(path, 1, 1);
    },
    renamed: (path) => renameSync(path, `${path}.1`),
    removed: (path) => rmSync(path),
  };
  for (const [change, make] of Object.entries(changes)) {
    it(`has changed where it was ${change}, until it was read again`, async () => {
      const { path, file } = await quietFile();
      make(path);
      expect(await file.isUnchanged()).toBe(false);
      await file.readTo(TEXT.length);
      expect(await file.isUnchanged()).toBe(false);
    });
  }

  it("is not known to be unchanged where it has more, or more may come of what was read", async () => {
    const { file } = await quietFile();
    await file.readTo(undefined);
    await file.readTo(undefined);
    expect(await file.isUnchanged()).toBe(false);
    await file.readTo(TEXT.length - 1);
    await file.readTo(TEXT.length - 1);
    expect(await file.isUnchanged()).toBe(false);
  });
});
