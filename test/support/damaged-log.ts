import { appendFile, open, readFile, truncate, writeFile } from "node:fs/promises";

/** What a power cut or a full disk leaves of a record in a json-file log. */
export type Damage = "NULs" | "half of it NULs" | "half a line";
export const damages: readonly Damage[] = ["NULs", "half of it NULs", "half a line"];

/**
 * Damages the record of one line in the file itself. "half a line" cuts out its middle, so that the file gets shorter: only for
 * containers that are stopped, since an engine that writes to a file counts its bytes by itself.
 */
export async function damageRecord(path: string, line: string, damage: Damage): Promise<void> {
  const bytes = await readFile(path);
  const begin = `{"log":"${line}`;
  const at = bytes.indexOf(line.endsWith(" ") ? begin : `${begin}\\`);
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

/** Docker before 23 goes on behind damage with the first block of 512 bytes that begins with a record. */
const EVEN_BYTES = 128;

/** Makes the records of short lines equally long, so that each block begins with one. For containers that are stopped. */
export async function evenOut(path: string): Promise<void> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  const records = lines.map((line) => {
    const { log, stream, time } = JSON.parse(line) as Record<"log" | "stream" | "time", string>;
    const even = (padding: string): string => {
      const at = `${time.slice(0, -1).padEnd(29, "0").slice(0, 28)}1Z`;
      return `${JSON.stringify({ log: `${log.trimEnd()} ${padding}\n`, stream, time: at })}\n`;
    };
    return even(".".repeat(EVEN_BYTES - even("").length));
  });
  await writeFile(path, records.join(""));
}

/** The beginning of a record that is never finished, as the last write before a power cut. For containers that are stopped. */
export async function appendHalfRecord(path: string): Promise<void> {
  await appendFile(path, `{"log":"never finis`);
}

/** As `truncate -s 0` does by hand. */
export async function emptyLog(path: string): Promise<void> {
  await truncate(path, 0);
}
