import { appendFile } from "node:fs/promises";
import type { Context } from "../context.ts";
import { hasRoom } from "../disk.ts";
import { runProgram } from "../programs.ts";
import { inRounds, median } from "../rounds.ts";
import { shown } from "../table.ts";
import type { FilesPart } from "./files-part.ts";

interface Found {
  readonly ms: readonly number[];
  readonly kilobytesRead: readonly number[];
  readonly cpuSeconds: number;
}

const SIZES = [
  { size: "one line", bytes: 0 },
  { size: "1 GB", bytes: 1_000_000_000 },
];
const FAST_SIZES = [{ size: "50 MB", bytes: 50_000_000 }];
const WAYS = ["files", "engine"] as const;
const ROUNDS = 2;
const ROTATIONS = 10;
/** A rotation that searched a log of this size, or read it, would read far more than this on any machine. */
const BROKEN_KILOBYTES = 2_000;
const TEXT = "a line of a log ".repeat(6).slice(0, 90);
const CHUNK_LINES = 50_000;
const STEP_NANOSECONDS = 1_000;

/** `rotate()` on a quiet log. */
export async function measureFilesRotating(context: Context): Promise<FilesPart> {
  const rows: string[][] = [];
  const broken: string[] = [];
  for (const { size, bytes } of context.fast ? FAST_SIZES : SIZES) {
    if (!(await hasRoom(context.engine, bytes))) continue;
    for (const [read, all] of await measureLog(size, bytes, context)) {
      const ms = all.flatMap((one) => one.ms);
      const kilobytes = median(all.flatMap((one) => one.kilobytesRead));
      const engineMs = (all.reduce((sum, one) => sum + one.cpuSeconds, 0) * 1_000) / ms.length;
      rows.push([
        size,
        read,
        shown(median(ms)),
        shown(Math.min(...ms)),
        shown(kilobytes),
        shown(engineMs),
      ]);
      if (read === "files" && kilobytes > BROKEN_KILOBYTES)
        broken.push(`rotate() on ${size} reads ${shown(kilobytes)} KB of files.`);
    }
  }
  return {
    text: `**Reopening**: \`rotate()\` on a quiet \`json-file\` log, ${ROTATIONS} times in each of ${context.runs ?? ROUNDS} rounds; what the process reads meanwhile, files and
sockets, and the engine's CPU time. Goal: 2 ms on 1 GB, and no search of the log.`,
    tables: [
      {
        columns: ["log", "read", "median ms", "least ms", "KB read", "engine CPU ms"],
        rows,
      },
    ],
    broken,
  };
}

async function measureLog(
  size: string,
  bytes: number,
  context: Context,
): Promise<ReadonlyMap<(typeof WAYS)[number], readonly Found[]>> {
  const { engine, fast, progress } = context;
  const id = await engine.run({ script: "echo the first line; sleep 100000" });
  try {
    await enlarge(await logOf(id, context), bytes);
    return await inRounds(WAYS, context.runs ?? (fast ? 1 : ROUNDS), async (read) => {
      const where = { socketPath: engine.socketPath, container: id, enginePid: engine.pid };
      const options = { ...where, way: "rotate()", times: ROTATIONS, read };
      const { found } = await runProgram<Found>("rotate", options, context);
      progress(`row 10, rotate() on ${size}, ${read}: ${shown(median(found.ms))} ms`);
      return found;
    });
  } finally {
    await engine.rm(id);
  }
}

/** Once its first line is in it. */
async function logOf(id: string, { engine }: Context): Promise<string> {
  for (;;) {
    const logged = await engine.docker(["logs", id]);
    const [path] = await engine.jsonLogPaths(id);
    if (logged !== "" && path !== undefined) return path;
  }
}

/** As if the container had written as much: the engine appends to its file, and reads what is in it. */
async function enlarge(path: string, bytes: number): Promise<void> {
  const begin = Date.now();
  let written = 0;
  for (let line = 0; written < bytes;) {
    let chunk = "";
    for (const end = line + CHUNK_LINES; line < end; line++) {
      const nanoseconds = line * STEP_NANOSECONDS;
      const second = new Date(begin + Math.floor(nanoseconds / 1e9) * 1_000).toISOString();
      const fraction = String((nanoseconds % 1e9) + 1).padStart(9, "0");
      chunk += `{"log":"${TEXT}\\n","stream":"stdout","time":"${second.slice(0, 19)}.${fraction}Z"}\n`;
    }
    await appendFile(path, chunk);
    written += chunk.length;
  }
}
