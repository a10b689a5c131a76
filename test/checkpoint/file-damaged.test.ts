import { readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileCheckpointStore } from "../../src/index.ts";
import { contents, entries, temporaryFolder } from "../support/checkpoint-files.ts";
import { failure } from "../support/fake-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

const HEAD = '"format":"dockspool checkpoints","version":1';
const sound = `{${HEAD},"entries":{"e/web":{"version":1,"container":"web"},"e/api":{"version":1}}}\n`;

const damaged: Readonly<Record<string, string>> = {
  empty: "",
  blank: "\n \n",
  "of zeros, as after a power cut": "\0".repeat(200),
  "no JSON": "positions of containers",
  "an array": `[${sound}]`,
  "a text": JSON.stringify(sound),
  null: "null",
  "two of them": sound + sound,
  "without entries": `{${HEAD}}`,
  "with entries that are an array": `{${HEAD},"entries":[{}]}`,
  "with an entry that is a text": `{${HEAD},"entries":{"a":{},"b":"x"}}`,
  "with an entry that is null": `{${HEAD},"entries":{"b":null}}`,
  "with an entry that is an array": `{${HEAD},"entries":{"b":[]}}`,
  "another program's": '{"name":"dockspool","version":1,"entries":{"a":{}}}',
  "of a later version": sound.replace('"version":1', '"version":2'),
  "of a version that is a text": sound.replace('"version":1', '"version":"1"'),
  "without a version": sound.replace('"version":1,', ""),
};

/** All that a store can be asked for fails, and the file stays as it is. */
async function expectRefused(path: string, bytes: Buffer): Promise<void> {
  writeFileSync(path, bytes);
  const before = statSync(path, { bigint: true });
  const store = new FileCheckpointStore(path);
  const calls = [
    () => store.load("e/web"),
    () => contents(store),
    () => store.save(entries({ "e/web": { version: 1 } })),
    () => store.delete(["e/web"]),
    () => store.load("e/web"),
  ];
  for (const call of calls) {
    const { message } = await failure(call(), "CHECKPOINT_UNREADABLE");
    expect(message).toContain(path);
    expect(message).toMatch("move it away");
  }
  expect(readFileSync(path)).toEqual(bytes);
  const { ino, mtimeNs } = statSync(path, { bigint: true });
  expect({ ino, mtimeNs }).toEqual({ ino: before.ino, mtimeNs: before.mtimeNs });
}

describe("a checkpoint file that can't be used", () => {
  for (const [what, text] of Object.entries(damaged)) {
    it(`because it is ${what}, is named and left as it is`, async () => {
      const folder = temporaryFolder();
      await expectRefused(join(folder, "positions.json"), Buffer.from(text));
      expect(readdirSync(folder)).toEqual(["positions.json"]);
    });
  }

  it("because it was cut, is refused wherever the cut is", twoSizes, async () => {
    const path = join(temporaryFolder(), "positions.json");
    await new FileCheckpointStore(path).save(
      entries({ e: { seenAt: "now" }, "e/web": { version: 1, container: "Grüße" } }),
    );
    const whole = readFileSync(path);
    // Without the last line end it is whole.
    for (let length = 0; length < whole.length - 1; length += sizes({ short: 3, long: 1 }))
      await expectRefused(path, whole.subarray(0, length));
    writeFileSync(path, whole.subarray(0, -1));
    expect(Object.keys(await contents(new FileCheckpointStore(path)))).toEqual(["e", "e/web"]);
  });

  it("because a byte of it is no UTF-8, is refused", async () => {
    const path = join(temporaryFolder(), "positions.json");
    const bytes = Buffer.from(sound);
    bytes[bytes.indexOf("web")] = 0xff;
    await expectRefused(path, bytes);
  });

  it("says what is wrong with it", async () => {
    const path = join(temporaryFolder(), "positions.json");
    const why = async (text: string): Promise<string> => {
      writeFileSync(path, text);
      const load = new FileCheckpointStore(path).load("e");
      return (await failure(load, "CHECKPOINT_UNREADABLE")).message;
    };
    expect(await why("{")).toMatch("damaged");
    expect(await why("{}")).toMatch("not a checkpoint file");
    const newer = await why(sound.replace('"version":1', '"version":2'));
    expect(newer).toMatch(/version 2.*version 1/);
    expect(newer).not.toMatch("damaged");
  });

  it("works again once it is repaired, and nothing that was refused comes up", async () => {
    const path = join(temporaryFolder(), "positions.json");
    writeFileSync(path, sound.slice(0, 50));
    const store = new FileCheckpointStore(path);
    await failure(store.save(entries({ refused: {} })), "CHECKPOINT_UNREADABLE");
    writeFileSync(path, sound);
    expect(await store.load("e/web")).toEqual({ version: 1, container: "web" });
    await store.save(entries({ "e/new": { version: 1 } }));
    expect(Object.keys(await contents(new FileCheckpointStore(path)))).toEqual([
      "e/web",
      "e/api",
      "e/new",
    ]);
  });

  it("works again once it is moved away", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "positions.json");
    writeFileSync(path, "damaged");
    const store = new FileCheckpointStore(path);
    await failure(store.load("e"), "CHECKPOINT_UNREADABLE");
    renameSync(path, join(folder, "damaged.json"));
    expect(await store.load("e")).toBeUndefined();
    await store.save(entries({ e: { version: 1 } }));
    expect(await contents(new FileCheckpointStore(path))).toEqual({ e: { version: 1 } });
    expect(readFileSync(join(folder, "damaged.json"), "utf8")).toBe("damaged");
  });
});
