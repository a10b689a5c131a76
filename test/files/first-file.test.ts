import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FirstFile } from "../../src/files/first-file.ts";
import { dataRoot } from "../support/file-log.ts";

const ID = "c".repeat(64);
const never = new AbortController().signal;

function folderOf(root: string): string {
  const folder = join(root, "containers", ID);
  mkdirSync(folder, { recursive: true });
  return folder;
}

describe("a container's first file", () => {
  it.each([
    [join("containers", ID), `${ID}-json.log`],
    [join("containers", ID), join("local-logs", "container.log")],
    [join("overlay-containers", ID, "userdata"), "ctr.log"],
    [join("vfs-containers", ID, "userdata"), "ctr.log"],
  ])("is open once it is there, and is read when it is gone: %s, %s", async (folder, name) => {
    const root = dataRoot();
    const path = join(root, folder, name);
    mkdirSync(join(root, folder), { recursive: true });
    const first = new FirstFile(root, ID);
    const taken = first.take(path, never);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, "all of it");
    await expect.poll(() => first.isFound()).toBe(true);
    rmSync(root, { recursive: true });
    const file = await taken;
    expect(await file?.handle.readFile("utf8")).toBe("all of it");
    await file?.handle.close();
    expect(await first.take(path, never)).toBeUndefined();
  });

  it("is not waited for where there is no folder, nor once that is gone, nor behind an abort", async () => {
    const root = dataRoot();
    expect(await new FirstFile(root, ID).take("", never)).toBeUndefined();
    const folder = folderOf(root);
    const gone = new FirstFile(root, ID).take("", never);
    rmSync(folder, { recursive: true });
    expect(await gone).toBeUndefined();
    folderOf(root);
    expect(await new FirstFile(root, ID).take("", AbortSignal.abort())).toBeUndefined();
  });

  it("is not opened through a symbolic link", async () => {
    const root = dataRoot();
    const other = dataRoot();
    writeFileSync(join(other, "container.log"), "another's");
    const folder = folderOf(root);
    symlinkSync(other, join(folder, "local-logs"));
    symlinkSync(join(other, "container.log"), join(folder, `${ID}-json.log`));
    const open = (): number => readdirSync("/proc/self/fd").length;
    const before = open();
    const first = new FirstFile(root, ID);
    expect(await first.take(join(folder, `${ID}-json.log`), never)).toBeUndefined();
    expect(open()).toBe(before);
    expect(await first.isFound()).toBe(false);
    expect(readFileSync(join(other, "container.log"), "utf8")).toBe("another's");
  });
});
