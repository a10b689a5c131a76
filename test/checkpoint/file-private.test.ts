import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { FileCheckpointStore } from "../../src/index.ts";
import { contents, entries, temporaryFolder } from "../support/checkpoint-files.ts";
import { failure } from "../support/fake-follow.ts";

const EMPTY = '{"format":"dockspool checkpoints","version":1,"entries":{}}';
const OTHER_USER = 54_321;

/** All that a store can be asked for fails at once, and says why. */
async function expectRefused(path: string, why: RegExp): Promise<void> {
  const store = new FileCheckpointStore(path);
  for (const call of [
    () => store.load("e"),
    () => contents(store),
    () => store.save(entries({ e: { version: 1 } })),
    () => store.delete(["e"]),
  ]) {
    const error = await failure(call(), "CHECKPOINT_UNREADABLE");
    expect(error.message).toContain(path);
    expect(error.message).toMatch(why);
    expect(error.transient).toBe(false);
  }
}

describe("the path of a checkpoint file", () => {
  it("that is a folder is refused", async () => {
    await expectRefused(temporaryFolder(), /it is a folder/);
  });

  it("that is a pipe is refused, and nobody waits for a writer", async () => {
    const path = join(temporaryFolder(), "positions.json");
    execFileSync("mkfifo", [path]);
    await expectRefused(path, /it is a pipe/);
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it.each(["/dev/zero", "/dev/null"])("that is the device %s is refused", async (device) => {
    await expectRefused(device, /it is a device/);
    const link = join(temporaryFolder(), "positions.json");
    symlinkSync(device, link);
    await expectRefused(link, /it is a device/);
  });

  it("that is a socket is refused", async () => {
    const path = join(temporaryFolder(), "positions.json");
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    onTestFinished(() => void server.close());
    await expectRefused(path, /it is a socket/);
  });

  it("that becomes something else is not written to", async () => {
    const path = join(temporaryFolder(), "positions.json");
    const store = new FileCheckpointStore(path);
    expect(await store.load("e")).toBeUndefined();
    execFileSync("mkfifo", [path]);
    const { message } = await failure(store.save(entries({ e: {} })), "CHECKPOINT_UNWRITABLE");
    expect(message).toMatch(/it is a pipe/);
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it("that is a link to a file that is yet to be written, leads there", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "disk"));
    const path = join(folder, "positions.json");
    symlinkSync("disk/data.json", path);
    const store = new FileCheckpointStore(path);
    expect(await store.load("e")).toBeUndefined();
    await store.save(entries({ e: { n: 1 } }));
    await store.save(entries({ e: { n: 2 } }));
    expect(readlinkSync(path)).toBe("disk/data.json");
    const real = join(folder, "disk", "data.json");
    expect(await contents(new FileCheckpointStore(real))).toEqual({ e: { n: 2 } });
    expect(statSync(real).mode & 0o777).toBe(0o600);
  });

  it("that is a link in a circle is refused", async () => {
    const path = join(temporaryFolder(), "positions.json");
    symlinkSync(path, path);
    await expectRefused(path, /ELOOP/);
  });

  it("that is another user's link is refused in a folder of all, and followed in one of ours", async ({
    skip,
  }) => {
    if (process.getuid?.() !== 0) skip("only root can make files of other users");
    const folder = temporaryFolder();
    const [path, ours] = [join(folder, "positions.json"), join(temporaryFolder(), "secret.json")];
    writeFileSync(ours, EMPTY);
    symlinkSync(ours, path);
    lchownSync(path, OTHER_USER, OTHER_USER);
    chmodSync(folder, 0o1777);
    await expectRefused(path, /a link of another user \(54321\)/);
    chmodSync(folder, 0o755);
    expect(await contents(new FileCheckpointStore(path))).toEqual({});
  });
});

it("a checkpoint file is for its user alone at any moment, whatever the umask is", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "positions.json");
  const modes = new Set<number>();
  const watcher = watch(folder, () => {
    for (const name of readdirSync(folder)) {
      const stats = statSync(join(folder, name), { throwIfNoEntry: false });
      if (stats !== undefined) modes.add(stats.mode & 0o777);
    }
  });
  const umask = process.umask(0);
  try {
    const store = new FileCheckpointStore(path);
    for (let n = 0; n < 20; n++) {
      await store.save(entries({ e: { n, text: "x".repeat(100_000) } }));
      modes.add(statSync(path).mode & 0o777);
    }
  } finally {
    process.umask(umask);
    watcher.close();
  }
  expect([...modes]).toEqual([0o600]);
});
