import {
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { lstatSync, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { FileCheckpointStore } from "../../src/index.ts";
import { contents, entries, temporaryFolder } from "../support/checkpoint-files.ts";
import { thrown } from "../support/fake-follow.ts";

/** As in the names of files that are being written. */
const HEX = "0123456789abcdef";
const position = { version: 1, container: "web", groups: ["ä", 'quoted "'] };

function inFolder(): { readonly path: string; readonly folder: string } {
  const folder = temporaryFolder();
  return { folder, path: join(folder, "positions.json") };
}

/** Entries of about a megabyte. */
function many(value: number): Map<string, Record<string, unknown>> {
  const text = String(value).repeat(1_000);
  return new Map(Array.from({ length: 1_000 }, (_, n) => [`engine/${n}`, { value, text }]));
}

describe("a checkpoint file", () => {
  it("is JSON with an entry a line, for its owner alone", async () => {
    const { path } = inFolder();
    await new FileCheckpointStore(path).save(entries({ "e/web": position, e: { version: 1 } }));
    const text = readFileSync(path, "utf8");
    expect(JSON.parse(text)).toEqual({
      format: "dockspool checkpoints",
      version: 1,
      entries: { "e/web": position, e: { version: 1 } },
    });
    expect(text.split("\n").filter((line) => line.startsWith('"e'))).toHaveLength(2);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("is for its owner alone again where it was not", async () => {
    const { path } = inFolder();
    writeFileSync(path, '{"format":"dockspool checkpoints","version":1,"entries":{}}', {
      mode: 0o644,
    });
    await new FileCheckpointStore(path).save(entries({ e: position }));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("is not made, nor touched, by reading", async () => {
    const { path, folder } = inFolder();
    const store = new FileCheckpointStore(path);
    expect(await contents(store)).toEqual({});
    expect(readdirSync(folder)).toEqual([]);
    await store.save(entries({ e: position }));
    const before = statSync(path, { bigint: true });
    expect(await contents(new FileCheckpointStore(path))).toEqual({ e: position });
    expect(statSync(path, { bigint: true })).toMatchObject({
      ino: before.ino,
      mtimeNs: before.mtimeNs,
    });
  });

  it("is another file after each save, and nothing else is left in its folder", async () => {
    const { path, folder } = inFolder();
    const store = new FileCheckpointStore(path);
    const inodes: bigint[] = [];
    for (let value = 0; value < 5; value++) {
      await store.save(entries({ e: { value } }));
      inodes.push(statSync(path, { bigint: true }).ino);
      expect(readdirSync(folder)).toEqual(["positions.json"]);
    }
    for (const [index, inode] of inodes.entries())
      if (index > 0) expect(inode).not.toBe(inodes[index - 1]);
  });

  it("is whole at any moment, for whoever reads it", async () => {
    const { path } = inFolder();
    const store = new FileCheckpointStore(path);
    await store.save(many(0));
    const state = { isSaving: true };
    const saving = (async () => {
      for (let value = 1; value <= 10; value++) await store.save(many(value));
      state.isSaving = false;
    })();
    const seen = new Set<number>();
    while (state.isSaving) {
      const { entries: read } = JSON.parse(readFileSync(path, "utf8"));
      const values = new Set(Object.values<{ value: number }>(read).map(({ value }) => value));
      expect(Object.keys(read)).toHaveLength(1_000);
      expect(values.size).toBe(1);
      for (const value of values) seen.add(value);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await saving;
    expect(seen.size).toBeGreaterThan(2);
  });

  it("may be named by a relative path, which holds when the process goes elsewhere", async () => {
    const { path, folder } = inFolder();
    const store = new FileCheckpointStore(relative(process.cwd(), path));
    await store.save(entries({ e: position }));
    expect(readdirSync(folder)).toEqual(["positions.json"]);
    expect(await contents(new FileCheckpointStore(path))).toEqual({ e: position });
  });

  it("may be a link to a file elsewhere, which stays a link", async () => {
    const { path, folder } = inFolder();
    mkdirSync(join(folder, "real"));
    const real = join(folder, "real", "data.json");
    writeFileSync(real, '{"format":"dockspool checkpoints","version":1,"entries":{}}');
    symlinkSync(real, path);
    await new FileCheckpointStore(path).save(entries({ e: position }));
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(await contents(new FileCheckpointStore(real))).toEqual({ e: position });
  });

  it("keeps names as they are, those of Object's prototype included", async () => {
    const { path } = inFolder();
    const odd = ["__proto__", "constructor", "", 'a"b', "line\nend", "\u2028", "toString"];
    const given = new Map(odd.map((key) => [key, { key }]));
    await new FileCheckpointStore(path).save(given);
    const next = new FileCheckpointStore(path);
    for (const key of odd) expect(await next.load(key)).toEqual({ key });
    expect(await next.load("valueOf")).toBeUndefined();
    const listed: string[] = [];
    for await (const key of next.keys("")) listed.push(key);
    expect(listed.toSorted()).toEqual(odd.toSorted());
  });

  it("is not written for what is not there to be deleted", async () => {
    const { path } = inFolder();
    const store = new FileCheckpointStore(path);
    await store.save(entries({ e: position }));
    const { ino } = statSync(path, { bigint: true });
    await store.delete(["none"]);
    expect(statSync(path, { bigint: true }).ino).toBe(ino);
  });

  it("is written once for saves that wait for one another", async () => {
    const { path } = inFolder();
    const store = new FileCheckpointStore(path);
    await store.save(entries({ e: position }));
    const names = new Set<bigint>();
    const saves = Array.from({ length: 50 }, async (_, n) => {
      await store.save(entries({ [`e/${n}`]: { n }, last: { n } }));
      names.add(statSync(path, { bigint: true }).mtimeNs);
      // What a save resolved for is on the disk by then.
      expect(JSON.parse(readFileSync(path, "utf8")).entries[`e/${n}`]).toEqual({ n });
    });
    await Promise.all(saves);
    expect(names.size).toBeLessThanOrEqual(3);
    const all = await contents(new FileCheckpointStore(path));
    expect(Object.keys(all)).toHaveLength(52);
    expect(all["last"]).toEqual({ n: 49 });
  });

  it("has a path", () => {
    for (const path of ["", undefined, 1, null])
      expect(
        thrown(() => new FileCheckpointStore(path as string), "INVALID_OPTION").message,
      ).toMatch("path");
  });
});

describe("what a killed process left beside a checkpoint file", () => {
  const old = new Date(Date.now() - 3_600_000);

  it("is removed with the next load", async () => {
    const { path, folder } = inFolder();
    await new FileCheckpointStore(path).save(entries({ e: position }));
    for (const name of [
      `positions.json.${HEX}.tmp`,
      `positions.json.${HEX.replace("0", "f")}.tmp`,
    ]) {
      writeFileSync(join(folder, name), "half");
      utimesSync(join(folder, name), old, old);
    }
    expect(await contents(new FileCheckpointStore(path))).toEqual({ e: position });
    expect(readdirSync(folder)).toEqual(["positions.json"]);
  });

  it("stays while it may be another's that is being written", async () => {
    const { path, folder } = inFolder();
    await new FileCheckpointStore(path).save(entries({ e: position }));
    writeFileSync(join(folder, `positions.json.${HEX}.tmp`), "half");
    await contents(new FileCheckpointStore(path));
    expect(readdirSync(folder)).toContain(`positions.json.${HEX}.tmp`);
  });

  it("is nobody else's file", async () => {
    const { path, folder } = inFolder();
    await new FileCheckpointStore(path).save(entries({ e: position }));
    const others = [
      "positions.json.bak",
      "positions.json.1a",
      "positions.json.",
      `positions.json-${HEX}.tmp`,
      `positions.json.${HEX}`,
      `positions.json.${HEX}0.tmp`,
      `other.json.${HEX}.tmp`,
      `${HEX}.tmp`,
      // Copies that were made by hand, or by a rotation of files.
      "positions.json.1",
      "positions.json.20261124",
    ];
    for (const name of others) {
      writeFileSync(join(folder, name), "theirs");
      utimesSync(join(folder, name), old, old);
    }
    await contents(new FileCheckpointStore(path));
    expect(readdirSync(folder).toSorted()).toEqual([...others, "positions.json"].toSorted());
  });
});
