import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { listChain } from "../../src/files/file-chain.ts";
import { FileSeam } from "../../src/files/file-seam.ts";
import type { LogLocation } from "../../src/files/log-files.ts";
import { rulesOf } from "../../src/files/log-format.ts";
import type { Entries } from "../../src/wire/entry.ts";
import { locate } from "../support/files-and-api.ts";
import { report } from "../support/follow.ts";
import { numbered, printed } from "../support/numbered-log.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const LINES = sizes({ short: 6_000, long: 60_000 });
/** All of them are kept. */
const KEPT = { "max-size": "50k", "max-file": "2000" };
const MOST_MISSING = 3;

const scripts = {
  "one stream": numbered(LINES),
  "one stream in bursts": numbered(LINES, 1_500, 5),
  "two streams": `${printed(0, LINES / 2)} >&2 & ${printed(0, LINES / 2)}; wait`,
};

/** What is read of each file, oldest first. */
async function filesOf(location: LogLocation): Promise<Entries[][]> {
  const folder = dirname(location.path);
  const chain = await listChain(folder, basename(location.path));
  return chain.map(({ name }) =>
    rulesOf(location)
      .decoder()
      .decode(readFileSync(join(folder, name)))
      .pieces.map((piece) => {
        if (piece.type === "hole") throw new Error(`${name} is damaged.`);
        return piece.entries;
      }),
  );
}

/** How many seams there are between files with `missing` ones between them, and how many of them are taken for whole. */
function seams(
  files: readonly Entries[][],
  fileBytes: number | undefined,
  missing: number,
): { all: number; whole: number } {
  let whole = 0;
  const later = files.slice(missing + 1);
  for (const [index, [first]] of later.entries()) {
    const seam = new FileSeam(fileBytes);
    for (const entries of files[index] ?? []) seam.read(entries);
    seam.enter(true);
    if (!seam.isBroken(first)) whole++;
  }
  return { all: later.length, whole };
}

describeWithEngine("a log's files", (engine) => {
  test.each(
    (["json-file", "local"] as const).flatMap((driver) =>
      Object.entries(scripts).map(([name, script]) => ({ driver, name, script })),
    ),
  )(
    "of $driver with $name: a missing one is found out by the times of those beside it",
    twoSizes,
    async ({ driver, name, script }) => {
      const options = { ...KEPT, ...(driver === "local" && { compress: "false" }) };
      const id = await engine.run({ driver, options, script });
      await engine.wait(id);
      const { location } = await locate(engine, id);
      const files = await filesOf(location);
      const beside = seams(files, location.fileBytes, 0);
      report(`seams of ${driver} with ${name}`, { ...beside });
      for (let missing = 1; missing <= MOST_MISSING; missing++)
        expect(seams(files, location.fileBytes, missing)).toMatchObject({ whole: 0 });
      // Pauses at seams and the other stream's leave some in doubt.
      if (name !== "two streams") expect(beside.whole).toBeGreaterThan(beside.all / 2);
      else expect(beside.all).toBeGreaterThan(MOST_MISSING);
    },
  );
});
