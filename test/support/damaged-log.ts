import { appendFile, open, readFile, truncate } from "node:fs/promises";

/** What a power cut or a full disk leaves of a record in a json-file log. */
export type Damage = "NULs" | "half of it NULs" | "half a line";
export const damages: readonly Damage[] = ["NULs", "half of it NULs", "half a line"];

/**
 * Damages the record of one line in the file itself. "half a line" cuts out its middle, so that the file gets shorter: only for
 * containers that are stopped, since an engine that writes to a file counts its bytes by itself.
 */
export async function damageRecord(path: string, line: string, damage: Damage): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.indexOf(`{"log":"${line}\\`);
  if (at === -1) throw new Error(`There is no record of ${JSON.stringify(line)} in ${path}.`);
  const end = bytes.indexOf("\n", at);
  const third = Math.floor((end - at) / 3);
  const file = await open(path, "r+");
  try {
    if (damage === "half a line") {
      const rest = bytes.subarray(at + 2 * third);
      await file.write(rest, 0, rest.length, at + third);
      await file.truncate(at + third + rest.length);
    } else {
      const from = damage === "NULs" ? at : at + third;
      await file.write(Buffer.alloc(end - from), 0, end - from, from);
    }
  } finally {
    await file.close();
  }
}

/** The beginning of a record that is never finished, as the last write before a power cut. For containers that are stopped. */
export async function appendHalfRecord(path: string): Promise<void> {
  await appendFile(path, `{"log":"never finis`);
}

/** As `truncate -s 0` does by hand. */
export async function emptyLog(path: string): Promise<void> {
  await truncate(path, 0);
}
