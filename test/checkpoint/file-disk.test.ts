import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { FileCheckpointStore } from "../../src/index.ts";
import { contents, entries, temporaryFolder } from "../support/checkpoint-files.ts";
import { failure } from "../support/fake-follow.ts";

const NOT_ROOT = "only root can mount a small disk";

interface Disk {
  readonly path: string;
  readonly remount: (option: string) => void;
}

/** A disk of 64 KiB of the running test's own; without root there is no test. */
function smallDisk(skip: (note: string) => never): Disk {
  const path = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path], { stdio: "ignore" });
  } catch {
    return skip(NOT_ROOT);
  }
  onTestFinished(() => void execFileSync("umount", [path]));
  return {
    path,
    remount: (option) => void execFileSync("mount", ["-o", `remount,${option}`, path]),
  };
}

function text(bytes: number): { readonly text: string } {
  return { text: "x".repeat(bytes) };
}

/** It says which file, and why. */
async function expectUnwritable(
  promise: Promise<unknown>,
  path: string,
  why: RegExp,
): Promise<void> {
  const { message } = await failure(promise, "CHECKPOINT_UNWRITABLE");
  expect(message).toContain(path);
  expect(message).toMatch(why);
}

describe("a checkpoint file that can't be written", () => {
  it("because its folder is missing, is written once that is there, with all saved meanwhile", async () => {
    const folder = join(temporaryFolder(), "missing");
    const path = join(folder, "positions.json");
    const store = new FileCheckpointStore(path);
    expect(await store.load("a")).toBeUndefined();
    await expectUnwritable(
      store.save(entries({ a: { n: 1 } })),
      path,
      /there is no folder .*missing\.$/,
    );
    await expectUnwritable(
      store.save(entries({ b: { n: 1 } })),
      path,
      /there is no folder .*missing\.$/,
    );
    await expectUnwritable(
      store.save(entries({ b: { n: 2 } })),
      path,
      /there is no folder .*missing\.$/,
    );
    mkdirSync(folder);
    await store.save(entries({ c: { n: 3 } }));
    const all = { a: { n: 1 }, b: { n: 2 }, c: { n: 3 } };
    expect(await contents(new FileCheckpointStore(path))).toEqual(all);
    expect(readdirSync(folder)).toEqual(["positions.json"]);
  });

  it("because its path is a folder, is named", async () => {
    const path = temporaryFolder();
    const store = new FileCheckpointStore(path);
    const { message } = await failure(store.load("a"), "CHECKPOINT_UNREADABLE");
    expect(message).toContain(path);
    rmSync(path, { recursive: true });
    await store.save(entries({ a: { n: 1 } }));
    expect(await contents(new FileCheckpointStore(path))).toEqual({ a: { n: 1 } });
  });

  it("because its folder went, is written again once that is back", async () => {
    const folder = join(temporaryFolder(), "data");
    mkdirSync(folder);
    const path = join(folder, "positions.json");
    const store = new FileCheckpointStore(path);
    await store.save(entries({ a: { n: 1 } }));
    renameSync(folder, `${folder}-away`);
    await failure(store.save(entries({ b: { n: 1 } })), "CHECKPOINT_UNWRITABLE");
    renameSync(`${folder}-away`, folder);
    await store.save(entries({ c: { n: 1 } }));
    const next = await contents(new FileCheckpointStore(path));
    expect(Object.keys(next).toSorted()).toEqual(["a", "b", "c"]);
  });

  it("because its folder went as soon as it was there, is written again once that is back", async () => {
    const folder = join(temporaryFolder(), "data");
    mkdirSync(folder);
    const path = join(folder, "positions.json");
    const store = new FileCheckpointStore(path);
    await store.save(entries({ a: { n: 0 } }));
    const { ino } = statSync(path);
    const saving = Promise.allSettled([store.save(entries({ a: { n: 1 } }))]);
    while (statSync(path).ino === ino) await setImmediate();
    renameSync(folder, `${folder}-away`);
    await saving;
    renameSync(`${folder}-away`, folder);
    await store.save(entries({ a: { n: 2 } }));
    expect(await contents(new FileCheckpointStore(path))).toEqual({ a: { n: 2 } });
  });

  it("because it was deleted, is written anew: what it held is known", async () => {
    const path = join(temporaryFolder(), "positions.json");
    const store = new FileCheckpointStore(path);
    await store.save(entries({ a: { n: 1 } }));
    rmSync(path);
    await store.save(entries({ b: { n: 1 } }));
    const next = await contents(new FileCheckpointStore(path));
    expect(next).toEqual({ a: { n: 1 }, b: { n: 1 } });
  });

  it("keeps what was to be deleted until it can be written, also where a delete is tried again", async () => {
    const folder = join(temporaryFolder(), "data");
    mkdirSync(folder);
    const path = join(folder, "positions.json");
    const store = new FileCheckpointStore(path);
    await store.save(entries({ a: { n: 1 }, b: { n: 1 } }));
    renameSync(folder, `${folder}-away`);
    await failure(store.delete(["a"]), "CHECKPOINT_UNWRITABLE");
    renameSync(`${folder}-away`, folder);
    await store.delete(["a"]);
    expect(await contents(new FileCheckpointStore(path))).toEqual({ b: { n: 1 } });
  });
});

describe("a checkpoint file on a disk", () => {
  it("that is full, stays as it was until there is room again", async ({ skip }) => {
    const disk = smallDisk(skip);
    const path = join(disk.path, "positions.json");
    const store = new FileCheckpointStore(path);
    await store.save(entries({ a: text(10_000) }));
    const before = readFileSync(path);
    writeFileSync(join(disk.path, "other"), "x".repeat(52 * 1024));
    await expectUnwritable(store.save(entries({ b: text(10) })), path, /ENOSPC/);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(disk.path).toSorted()).toEqual(["other", "positions.json"]);
    rmSync(join(disk.path, "other"));
    await store.save(entries({ c: text(10) }));
    const all = { a: text(10_000), b: text(10), c: text(10) };
    expect(await contents(new FileCheckpointStore(path))).toEqual(all);
  });

  it("that has room for a part of it, stays as it was", async ({ skip }) => {
    const disk = smallDisk(skip);
    const path = join(disk.path, "positions.json");
    const store = new FileCheckpointStore(path);
    await store.save(entries({ a: text(10_000) }));
    const before = readFileSync(path);
    await expectUnwritable(store.save(entries({ b: text(60_000) })), path, /ENOSPC|no space/i);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(disk.path)).toEqual(["positions.json"]);
    await store.save(entries({ b: text(10) }));
    const next = await contents(new FileCheckpointStore(path));
    expect(next).toEqual({ a: text(10_000), b: text(10) });
  });

  it("that is read-only, works again once it is not", async ({ skip }) => {
    const disk = smallDisk(skip);
    const path = join(disk.path, "positions.json");
    const store = new FileCheckpointStore(path);
    await store.save(entries({ a: { n: 1 } }));
    disk.remount("ro");
    await expectUnwritable(store.save(entries({ a: { n: 2 }, b: { n: 2 } })), path, /EROFS/);
    expect(await contents(new FileCheckpointStore(path))).toEqual({ a: { n: 1 } });
    disk.remount("rw");
    await store.save(new Map());
    const next = await contents(new FileCheckpointStore(path));
    expect(next).toEqual({ a: { n: 2 }, b: { n: 2 } });
  });
});

describe("a second writer of a checkpoint file", () => {
  const expectRefused = async (isThere: boolean): Promise<void> => {
    const path = join(temporaryFolder(), "positions.json");
    if (isThere) await new FileCheckpointStore(path).save(entries({ old: { n: 0 } }));
    const [first, other] = [new FileCheckpointStore(path), new FileCheckpointStore(path)];
    for (const store of [first, other]) await store.load("a");
    await first.save(entries({ a: { n: 1 } }));
    await expectUnwritable(other.save(entries({ b: { n: 1 } })), path, /somebody else/);
    await expectUnwritable(other.delete(["old", "b"]), path, /somebody else/);
    await first.save(entries({ c: { n: 1 } }));
    await expectUnwritable(other.save(entries({ b: { n: 2 } })), path, /somebody else/);
    const all = await contents(new FileCheckpointStore(path));
    expect(Object.keys(all)).toEqual([...(isThere ? ["old"] : []), "a", "c"]);
  };

  it("is refused, and nothing of the first is lost", async () => {
    await expectRefused(true);
  });

  it("is refused where both began without a file", async () => {
    await expectRefused(false);
  });

  it("takes over where the first writes no more", async () => {
    const path = join(temporaryFolder(), "positions.json");
    const first = new FileCheckpointStore(path);
    await first.save(entries({ a: { n: 1 } }));
    const next = new FileCheckpointStore(path);
    await next.save(entries({ b: { n: 1 } }));
    await expectUnwritable(first.save(entries({ a: { n: 2 } })), path, /somebody else/);
    expect(await contents(new FileCheckpointStore(path))).toEqual({ a: { n: 1 }, b: { n: 1 } });
  });
});
