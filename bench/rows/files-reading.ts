import { fileURLToPath } from "node:url";
import { findProgram } from "../../test/support/real-engine/programs.ts";
import type { Context } from "../context.ts";
import { makeLog } from "../logs.ts";
import type { Log } from "../logs.ts";
import { measure } from "../measure.ts";
import { dockerLogs } from "../readers.ts";
import { inRounds, median, ratioOf } from "../rounds.ts";
import { canRunRsyslog, readByRsyslog } from "../rsyslog.ts";
import { shown, shownRatio } from "../table.ts";
import type { FilesPart } from "./files-part.ts";

interface Used {
  /** Of the reader, from the start of its process to the end. */
  readonly cpuSeconds: number;
  /** Of the engine meanwhile. */
  readonly engineSeconds: number;
}

interface Target {
  readonly log: Log;
  readonly path: string;
}

interface FileReader {
  readonly name: string;
  readonly rounds: number;
  readonly read: (
    target: Target,
    context: Context,
  ) => Promise<{ lines: number; cpuSeconds: number }>;
  /** What it needs is installed. */
  readonly canRun?: (context: Context) => boolean;
  readonly isSlow?: boolean;
}

const LINES = 2_000_000;
const FAST_LINES = 300_000;
const TEXT_BYTES = 90;
const ROUNDS = 3;
/** Of those that take long, and of those that only show where others stand. */
const SLOW_ROUNDS = 2;
const ASIDE_ROUNDS = 1;
const FILES = 'dockspool batches(), read: "files"';
const ENGINE = 'dockspool batches(), read: "engine"';
const DOCKER = "docker logs -t";
const COUNT = "createReadStream, newlines counted";
const PARSE = "createReadStream, JSON.parse for each line";
const RSYSLOG = "rsyslog imfile + mmjsonparse";
const JQ = "tail -F | jq";

const READERS: readonly FileReader[] = [
  {
    name: JQ,
    rounds: ASIDE_ROUNDS,
    read: byJq,
    canRun: ({ env }) => canFind("jq", env),
    isSlow: true,
  },
  {
    name: RSYSLOG,
    rounds: ASIDE_ROUNDS,
    read: ({ path }) => readByRsyslog(path),
    canRun: ({ env }) => canRunRsyslog(env),
    isSlow: true,
  },
  {
    name: ENGINE,
    rounds: SLOW_ROUNDS,
    read: (target, context) => bySource("engine", target, context),
  },
  { name: FILES, rounds: ROUNDS, read: (target, context) => bySource("files", target, context) },
  { name: DOCKER, rounds: SLOW_ROUNDS, read: byDocker },
  {
    name: COUNT,
    rounds: ROUNDS,
    read: ({ path }, context) => byProgram("count-lines", [path], context),
  },
  {
    name: PARSE,
    rounds: SLOW_ROUNDS,
    read: ({ path }, context) => byProgram("count-lines", [path, "parse"], context),
  },
];

/** What is aimed at, and what is broken on any machine: short logs are mostly the start of the process. */
const LIMITS: readonly { readonly name: string; readonly goal: number; readonly broken: number }[] =
  [
    { name: DOCKER, goal: 0.06, broken: 0.35 },
    { name: ENGINE, goal: 0.1, broken: 0.5 },
    { name: COUNT, goal: 2.5, broken: Infinity },
    { name: PARSE, goal: 0.5, broken: 2 },
    { name: RSYSLOG, goal: 1, broken: 1 },
    { name: JQ, goal: 1, broken: 1 },
  ];

type All = ReadonlyMap<string, readonly Used[]>;

/** A finished log, read to its end by programs of their own; the engine's CPU time counts. */
export async function measureFilesReading(context: Context): Promise<FilesPart> {
  const { engine, fast, progress } = context;
  const lines = fast ? FAST_LINES : LINES;
  progress(`row 10: writing ${shown(lines)} lines`);
  const log = await makeLog(engine, { lines, textBytes: TEXT_BYTES });
  try {
    const [path = ""] = await engine.jsonLogPaths(log.id);
    const readers = READERS.filter(
      (one) => !(fast && one.isSlow === true) && isThere(one, context),
    );
    const roundsOf = (name: string): number =>
      readers.find((one) => one.name === name)?.rounds ?? 0;
    const all = await inRounds(
      readers.map(({ name }) => name),
      (name) => Math.min(context.runs ?? (fast ? SLOW_ROUNDS : ROUNDS), roundsOf(name)),
      async (name, round) => {
        const used = await readOnce(name, { log, path }, context);
        progress(`row 10, round ${round + 1}: ${name}: ${shown(totalOf(used))} s of CPU`);
        return used;
      },
    );
    const whole = [...all].filter(([, used]) => used.every((one) => Number.isFinite(totalOf(one))));
    return partOf(new Map(whole), lines);
  } finally {
    await engine.rm(log.id);
  }
}

function isThere({ name, canRun }: FileReader, context: Context): boolean {
  const isInstalled = canRun?.(context) !== false;
  if (!isInstalled) context.progress(`row 10: ${name} is left out: it is not installed`);
  return isInstalled;
}

async function readOnce(name: string, target: Target, context: Context): Promise<Used> {
  const reader = READERS.find((one) => one.name === name);
  if (reader === undefined) throw new Error(`There is no reader ${JSON.stringify(name)}.`);
  const before = context.engine.cpuSeconds();
  const { lines, cpuSeconds } = await reader.read(target, context).catch((error: unknown) => {
    // What only shows where others stand does not end the benchmark.
    if (reader.isSlow !== true) throw error;
    context.progress(`row 10: ${name} is left out: ${String(error)}`);
    return { lines: target.log.lines, cpuSeconds: NaN };
  });
  if (lines !== target.log.lines)
    throw new Error(`${name} has read ${lines} lines, not ${target.log.lines}.`);
  return { cpuSeconds, engineSeconds: context.engine.cpuSeconds() - before };
}

function bySource(
  read: string,
  { log }: Target,
  context: Context,
): Promise<{ lines: number; cpuSeconds: number }> {
  return byProgram("batches", [context.engine.socketPath, log.id, read], context);
}

async function byProgram(
  file: string,
  args: readonly string[],
  { env }: Context,
): Promise<{ lines: number; cpuSeconds: number }> {
  const program = fileURLToPath(new URL(`../readers/${file}.mjs`, import.meta.url));
  const { stdout, cpuSeconds } = await measure([process.execPath, program, ...args], { env });
  const { lines } = JSON.parse(stdout) as { lines: number };
  return { lines, cpuSeconds };
}

async function byDocker(
  { log }: Target,
  { engine, env }: Context,
): Promise<{ lines: number; cpuSeconds: number }> {
  const command = dockerLogs(engine.socketPath, log.id);
  const { cpuSeconds } = await measure(command, { env, discard: true });
  // Row 1 compares with what it writes.
  return { lines: log.lines, cpuSeconds };
}

/** `tail -F` has no end of its own: it ends when nobody reads any more. */
async function byJq(
  { log, path }: Target,
  { env }: Context,
): Promise<{ lines: number; cpuSeconds: number }> {
  const script = `tail -n +1 -F "$1" | head -n ${log.lines} | jq -c '[.stream, .time, .log]' | wc -l`;
  const { stdout, cpuSeconds } = await measure(["bash", "-c", script, "bash", path], { env });
  return { lines: Number(stdout), cpuSeconds };
}

function canFind(name: string, env: NodeJS.ProcessEnv): boolean {
  return findProgram(name, env) !== undefined;
}

/** Of those that go by the engine: both. */
function totalOf({ cpuSeconds, engineSeconds }: Used): number {
  return cpuSeconds + engineSeconds;
}

function partOf(all: All, lines: number): FilesPart {
  const ours = (all.get(FILES) ?? []).map(totalOf);
  const rows = [...all].map(([name, used]) => {
    const limit = LIMITS.find((one) => one.name === name);
    const of = (value: (one: Used) => number): string =>
      shown((median(used.map(value)) / lines) * 1_000_000);
    return [
      name,
      of(({ cpuSeconds }) => cpuSeconds),
      of(({ engineSeconds }) => engineSeconds),
      limit === undefined ? "" : shownRatio(ratioTo(ours, used)),
      limit === undefined ? "" : `${limit.goal}`,
    ];
  });
  return {
    text: `**Reading**: ${shown(lines)} lines of ${TEXT_BYTES} bytes of a stopped container. CPU time for a million lines, of the whole process from its
start to its end, and of the engine meanwhile; the ratio is of both together. Medians of up to ${ROUNDS} rounds; rsyslog and jq once.
rsyslog writes what it has taken apart to a file, since nothing else tells that it has read all.`,
    tables: [
      {
        columns: ["lines of 90 bytes", "reader CPU s", "engine CPU s", "files take × it", "goal"],
        rows,
      },
    ],
    broken: LIMITS.flatMap(({ name, broken }) => {
      const used = all.get(name);
      if (used === undefined) return [];
      const { least } = ratioTo(ours, used);
      return least <= broken
        ? []
        : [
            `Reading from files takes ${shown(least)} × the CPU time of ${name}, more than ${broken} ×.`,
          ];
    }),
  };
}

/** Round by round, as far as both have rounds. */
function ratioTo(ours: readonly number[], used: readonly Used[]): ReturnType<typeof ratioOf> {
  return ratioOf(ours.slice(0, used.length), used.slice(0, ours.length).map(totalOf));
}
