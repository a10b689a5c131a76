import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { filesWays } from "../files/ways.ts";
import type { FilesWay } from "../files/ways.ts";
import { measure } from "../measure.ts";
import { bundle } from "../micro/bundle.ts";
import type { FilesPart } from "./files-part.ts";
import { inRounds, median, ratioOf } from "../rounds.ts";
import type { Ratio } from "../rounds.ts";
import { shown, shownRatio } from "../table.ts";

const LINES = 500_000;
const FAST_LINES = 200_000;
const ROUNDS = 3;
const FAST_ROUNDS = 2;
const START = Date.UTC(2026, 10, 23, 15, 58, 34);
const STEP_NANOSECONDS = 7_019;

/** How much CPU time the reader may take, in times that of another way, on any machine. */
const LIMITS: readonly { readonly way: FilesWay; readonly limit: number }[] = [
  { way: "a stream, newlines counted", limit: 4 },
  { way: "large reads, JSON.parse for each line", limit: 0.8 },
];

/** A log of each kind of line. */
const TEXTS: Readonly<Record<string, (line: number) => string>> = {
  "90 bytes, nothing to unescape": (line) => `line ${line} `.padEnd(90, "of a log "),
  "90 bytes of JSON, 16 escapes": (line) =>
    `{"level":"info","line":${line},"path":"/a/b","status":200,"ms":12}`.padEnd(90),
};

/** What turns the bytes of log files into entries, alone. */
export async function measureAlone(context: Context): Promise<FilesPart> {
  const directory = await mkdtemp(join(tmpdir(), "dockspool-bench-files-"));
  try {
    await using program = await bundle(new URL("../files/main.ts", import.meta.url));
    const all: Found[] = [];
    for (const [name, textOf] of Object.entries(TEXTS).slice(0, context.fast ? 1 : undefined)) {
      const path = join(directory, `${all.length}-json.log`);
      await writeLog(path, textOf, context.fast ? FAST_LINES : LINES);
      all.push(await measureAll(name, path, program.path, context));
    }
    return partOf(all, context);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Found {
  readonly name: string;
  /** Nanoseconds of CPU time for a line, by way and round. */
  readonly nanoseconds: ReadonlyMap<FilesWay, readonly number[]>;
}

async function measureAll(
  name: string,
  path: string,
  program: string,
  { env, fast, runs, progress }: Context,
): Promise<Found> {
  const rounds = runs ?? (fast ? FAST_ROUNDS : ROUNDS);
  const nanoseconds = await inRounds(filesWays, rounds, async (way, round) => {
    progress(`row 10: ${name}: ${way}, round ${round + 1}`);
    const { stdout } = await measure([process.execPath, program, way, path], { env });
    const { lines, cpuSeconds } = JSON.parse(stdout) as { lines: number; cpuSeconds: number };
    if (lines !== (fast ? FAST_LINES : LINES)) throw new Error(`${way} has read ${lines} lines.`);
    return (cpuSeconds * 1e9) / lines;
  });
  return { name, nanoseconds };
}

/** As the engine writes it: zeros at the end of a fraction are left out. */
async function writeLog(
  path: string,
  textOf: (line: number) => string,
  lines: number,
): Promise<void> {
  await using file = await open(path, "w");
  let chunk = "";
  for (let line = 0; line < lines; line++) {
    const nanoseconds = line * STEP_NANOSECONDS;
    const second = new Date(START + Math.floor(nanoseconds / 1e9) * 1_000).toISOString();
    const fraction = String(nanoseconds % 1e9)
      .padStart(9, "0")
      .replace(/0+$/, "");
    const time = `${second.slice(0, 19)}.${fraction}Z`.replace(".Z", "Z");
    const log = JSON.stringify(`${textOf(line)}\n`);
    const stream = line % 5 === 0 ? "stderr" : "stdout";
    chunk += `{"log":${log},"stream":"${stream}","time":"${time}"}\n`;
    if (chunk.length < 1 << 20) continue;
    await file.write(chunk);
    chunk = "";
  }
  await file.write(chunk);
}

function partOf(found: readonly Found[], { fast, runs }: Context): FilesPart {
  const rounds = runs ?? (fast ? FAST_ROUNDS : ROUNDS);
  return {
    text: `**What turns bytes into entries, alone** (\`src/files\`, without records and all that follows): CPU time of the second reading in a
process, of ${shown(fast ? FAST_LINES : LINES)} lines. Medians of ${rounds} rounds.`,
    tables: found.map(({ name, nanoseconds }) => ({
      columns: [name, "ns a line", "the reader takes × it"],
      rows: filesWays.map((way) => [
        way,
        shown(median(nanoseconds.get(way) ?? [])),
        way === "reader" ? "–" : shownRatio(ratio(nanoseconds, way)),
      ]),
    })),
    broken: found.slice(0, 1).flatMap(({ nanoseconds }) => brokenOf(nanoseconds)),
  };
}

function ratio(nanoseconds: Found["nanoseconds"], way: FilesWay): Ratio {
  return ratioOf(nanoseconds.get("reader") ?? [], nanoseconds.get(way) ?? []);
}

/** By the best round: what else goes on makes single ones worse. */
function brokenOf(nanoseconds: Found["nanoseconds"]): string[] {
  return LIMITS.flatMap(({ way, limit }) => {
    const { least } = ratio(nanoseconds, way);
    if (least <= limit) return [];
    return [`the reader takes ${shown(least)} × the time of "${way}", not ${limit} ×.`];
  });
}
