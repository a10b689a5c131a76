import type { Context, Row } from "../context.ts";
import { hasRoom } from "../disk.ts";
import { untilWritten, writeAndStay } from "../logs.ts";
import { runProgram } from "../programs.ts";
import type { Chart, Section } from "../report.ts";
import { inRounds, median } from "../rounds.ts";
import { shown } from "../table.ts";

type Driver = "json-file" | "local";
const WAYS = ["rotate()", "since"] as const;
type Way = (typeof WAYS)[number];

interface Found {
  readonly ms: readonly number[];
  readonly cpuSeconds: number;
}

interface Outcome {
  readonly driver: Driver;
  readonly size: string;
  readonly bytes: number;
  readonly way: Way;
  readonly wallMs: number;
  readonly engineMs: number;
  readonly times: number;
}

interface Size {
  readonly size: string;
  readonly bytes: number;
}

const SIZES: readonly Size[] = [
  { size: "one line", bytes: 0 },
  { size: "10 MB", bytes: 10_000_000 },
  { size: "100 MB", bytes: 100_000_000 },
  { size: "1 GB", bytes: 1_000_000_000 },
];
const LARGE_BYTES = 1_000_000_000;
const FAST_SIZES: readonly Size[] = [{ size: "50 MB", bytes: 50_000_000 }];
const TEXT_BYTES = 90;
/** What a line takes in a file of the driver. */
const LINE_BYTES_ON_DISK: Readonly<Record<Driver, number>> = { "json-file": 161, local: 118 };
const DRIVER_OPTIONS: Readonly<Record<Driver, Readonly<Record<string, string>>>> = {
  "json-file": {},
  // By default it keeps five compressed files of 20 MB.
  local: { "max-size": "2g", "max-file": "1", compress: "false" },
};
const ROUNDS = 2;
/** In a round. */
const ROTATIONS = 10;
const REOPENINGS = 4;
const FAST_REOPENINGS = 2;
/** What is aimed at, however long the log is. */
const LIMIT_MS = 10;
const LIMIT_ENGINE_MS = 20;
/** From such a log on `since` takes so long that a rotation which takes a fifth of it is broken on any machine. */
const LONG_BYTES = 50_000_000;
const BROKEN_RATIO = 0.2;

/** What reopening the stream of a quiet log costs. */
export const rotating: Row = {
  number: 4,
  run: async (context) => {
    const outcomes: Outcome[] = [];
    const skipped: string[] = [];
    const drivers: readonly Driver[] = context.fast ? ["json-file"] : ["json-file", "local"];
    for (const driver of drivers) {
      for (const size of context.fast ? FAST_SIZES : SIZES) {
        if (await hasRoom(context.engine, 2 * size.bytes)) {
          outcomes.push(...(await measureLog(driver, size, context)));
        } else skipped.push(`${size.size} of ${driver}`);
      }
    }
    return sectionOf(outcomes, skipped, context.runs ?? ROUNDS);
  },
};

async function measureLog(
  driver: Driver,
  { size, bytes }: Size,
  context: Context,
): Promise<Outcome[]> {
  const { engine, progress } = context;
  // One reopening takes seconds there, up to minutes where the machine is busy.
  const isLarge = bytes >= LARGE_BYTES;
  const reopenings = isLarge ? 1 : context.fast ? FAST_REOPENINGS : REOPENINGS;
  const lines = Math.max(1, Math.round(bytes / LINE_BYTES_ON_DISK[driver]));
  progress(`row 4, ${driver}, ${size}: writing`);
  const script = writeAndStay(lines, TEXT_BYTES);
  const id = await engine.run({ driver, options: DRIVER_OPTIONS[driver], script });
  try {
    await untilWritten(engine, id);
    const rounds = (way: Way): number =>
      way === "since" && isLarge ? 1 : (context.runs ?? ROUNDS);
    const found = await inRounds(WAYS, rounds, async (way) => {
      const times = way === "since" ? reopenings : ROTATIONS;
      const where = { socketPath: engine.socketPath, container: id, enginePid: engine.pid };
      const outcome = await runProgram<Found>("rotate", { ...where, way, times }, context);
      progress(`row 4, ${driver}, ${size}: ${way}: ${shown(median(outcome.found.ms))} ms`);
      return outcome.found;
    });
    return [...found].map(([way, all]) => {
      const ms = all.flatMap((one) => one.ms);
      const cpuSeconds = all.reduce((sum, one) => sum + one.cpuSeconds, 0);
      const engineMs = (cpuSeconds * 1000) / ms.length;
      return { driver, size, bytes, way, times: ms.length, wallMs: median(ms), engineMs };
    });
  } finally {
    await engine.rm(id);
  }
}

function brokenOf(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ driver, size, bytes, way, engineMs }) => {
    const since = outcomes.find(
      (one) => one.way === "since" && one.driver === driver && one.size === size,
    );
    if (way === "since" || since === undefined || bytes < LONG_BYTES) return [];
    if (engineMs <= BROKEN_RATIO * since.engineMs) return [];
    const taken = `${shown(engineMs)} ms of the engine's CPU time`;
    return [
      `rotate() on ${size} of ${driver} takes ${taken}, since ${shown(since.engineMs)} ms: more than ${BROKEN_RATIO} ×.`,
    ];
  });
}

function sectionOf(
  outcomes: readonly Outcome[],
  skipped: readonly string[],
  rounds: number,
): Section {
  const rows = outcomes.map(({ driver, size, way, wallMs, engineMs, times }) => [
    `${driver}, ${size}`,
    way,
    shown(wallMs),
    shown(engineMs),
    way === "since" ? "" : `${LIMIT_MS} ms, ${LIMIT_ENGINE_MS} ms CPU`,
    `${times}`,
  ]);
  return {
    row: 4,
    title: "Reopening a quiet log",
    text: [
      `\`rotate()\` against a plain client that opens the log again with \`since=\` the last line's timestamp, both on the log of
a container that is quiet, ${TEXT_BYTES} bytes a line. Median time to the end of the rotation, or to the first byte; the engine's CPU
time is all that it took for all of them, divided by their number, in steps of 10 ms for all. ${rounds} rounds, which begin with the one way
and with the other by turns; of \`since\` on 1 GB one. Limits for \`rotate()\`, however long the log is: ${LIMIT_MS} ms, and ${LIMIT_ENGINE_MS} ms of the engine's CPU.`,
      ...(skipped.length > 0 ? [`Left out for want of free disk: ${skipped.join(", ")}.`] : []),
    ],
    tables: [{ columns: ["log", "way", "ms", "engine CPU ms", "limit", "times"], rows }],
    charts: outcomes.length > 2 ? [chartOf(outcomes)] : [],
    broken: brokenOf(outcomes),
  };
}

/** Both axes are logarithmic: the one way grows with the log, the other does not. */
export function chartOf(
  outcomes: readonly Pick<Outcome, "driver" | "bytes" | "way" | "engineMs">[],
): Chart {
  const drivers = [...new Set(outcomes.map(({ driver }) => driver))];
  return {
    kind: "lines",
    name: "reopening",
    title: "CPU time of the engine for one reopening",
    unit: "ms",
    x: "size of the log, MB",
    logarithmic: true,
    series: WAYS.toReversed().flatMap((way) =>
      drivers.map((driver) => ({
        label: `${way}, ${driver}`,
        points: outcomes
          .filter((outcome) => outcome.way === way && outcome.driver === driver)
          .filter(({ bytes }) => bytes > 0)
          .map(({ bytes, engineMs }) => [bytes / 1_000_000, engineMs] as const),
      })),
    ),
  };
}

/** The outcomes that a table of the results shows. */
export function outcomesOf(
  results: string,
): Pick<Outcome, "driver" | "bytes" | "way" | "engineMs">[] {
  return SIZES.flatMap(({ size, bytes }) =>
    (["json-file", "local"] as const).flatMap((driver) =>
      WAYS.flatMap((way) => {
        const row = results
          .split("\n")
          .map((line) => line.split("|").map((cell) => cell.trim()))
          .find(([, log, how]) => log === `${driver}, ${size}` && how === way);
        const engineMs = Number(row?.[4]?.replaceAll(",", ""));
        return Number.isFinite(engineMs) ? [{ driver, bytes, way, engineMs }] : [];
      }),
    ),
  );
}
