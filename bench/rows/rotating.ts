import { statfs } from "node:fs/promises";
import type { RealEngine } from "../../test/support/real-engine/engine.ts";
import type { Context, Row } from "../context.ts";
import { untilWritten, writeAndStay } from "../logs.ts";
import { runProgram } from "../programs.ts";
import type { Chart, Section } from "../report.ts";
import { median } from "../rounds.ts";
import { shown } from "../table.ts";

type Driver = "json-file" | "local";
type Way = "rotate()" | "since";

interface Found {
  readonly ms: readonly number[];
  readonly cpuSeconds: number;
}

interface Outcome {
  readonly driver: Driver;
  readonly size: string;
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
const FAST_SIZES = SIZES.slice(0, 1);
const TEXT_BYTES = 90;
/** What a line takes in a file of the driver. */
const LINE_BYTES_ON_DISK: Readonly<Record<Driver, number>> = { "json-file": 161, local: 118 };
const DRIVER_OPTIONS: Readonly<Record<Driver, Readonly<Record<string, string>>>> = {
  "json-file": {},
  // By default it keeps five compressed files of 20 MB.
  local: { "max-size": "2g", "max-file": "1", compress: "false" },
};
const ROTATIONS = 20;

/** What reopening the stream of a quiet log costs. */
export const rotating: Row = {
  number: 4,
  run: async (context) => {
    const outcomes: Outcome[] = [];
    const skipped: string[] = [];
    const drivers: readonly Driver[] = context.fast ? ["json-file"] : ["json-file", "local"];
    for (const driver of drivers) {
      for (const size of context.fast ? FAST_SIZES : SIZES) {
        if (await fits(size, context.engine)) {
          outcomes.push(...(await measureLog(driver, size, context)));
        } else skipped.push(`${size.size} of ${driver}`);
      }
    }
    return sectionOf(outcomes, skipped);
  },
};

/** Room for twice the log is left on the disk. */
async function fits({ bytes }: Size, engine: RealEngine): Promise<boolean> {
  const { bavail, bsize } = await statfs(engine.directory);
  return bavail * bsize > 2 * bytes + LARGE_BYTES;
}

async function measureLog(
  driver: Driver,
  { size, bytes }: Size,
  context: Context,
): Promise<Outcome[]> {
  const { engine, progress } = context;
  const lines = Math.max(1, Math.round(bytes / LINE_BYTES_ON_DISK[driver]));
  progress(`row 4, ${driver}, ${size}: writing`);
  const script = writeAndStay(lines, TEXT_BYTES);
  const id = await engine.run({ driver, options: DRIVER_OPTIONS[driver], script });
  try {
    await untilWritten(engine, id);
    const outcomes: Outcome[] = [];
    for (const way of ["rotate()", "since"] as const) {
      const times =
        way === "since" && bytes >= LARGE_BYTES ? 2 : ROTATIONS / (way === "since" ? 4 : 1);
      const { found } = await runProgram<Found>(
        "rotate",
        { socketPath: engine.socketPath, container: id, enginePid: engine.pid, way, times },
        context,
      );
      const outcome = {
        driver,
        size,
        way,
        times,
        wallMs: median(found.ms),
        engineMs: (found.cpuSeconds * 1000) / times,
      };
      progress(`row 4, ${driver}, ${size}: ${way}: ${shown(outcome.wallMs)} ms`);
      outcomes.push(outcome);
    }
    return outcomes;
  } finally {
    await engine.rm(id);
  }
}

function sectionOf(outcomes: readonly Outcome[], skipped: readonly string[]): Section {
  const rows = outcomes.map(({ driver, size, way, wallMs, engineMs, times }) => [
    `${driver}, ${size}`,
    way,
    shown(wallMs),
    shown(engineMs),
    `${times}`,
  ]);
  return {
    row: 4,
    title: "Reopening a quiet log",
    text: [
      `\`rotate()\` against a plain client that opens the log again with \`since=\` the last line's timestamp, both on the log of
a container that is quiet, ${TEXT_BYTES} bytes a line. Median time to the end of the rotation, or to the first byte; the engine's CPU
time is all that it took for all of them, divided by their number, in steps of 10 ms for all.`,
      ...(skipped.length > 0 ? [`Left out for want of free disk: ${skipped.join(", ")}.`] : []),
    ],
    tables: [{ columns: ["log", "way", "ms", "engine CPU ms", "times"], rows }],
    charts: outcomes.length > 2 ? [chartOf(outcomes)] : [],
    broken: [],
  };
}

function chartOf(outcomes: readonly Outcome[]): Chart {
  return {
    kind: "bars",
    name: "reopening",
    title: "CPU time of the engine for one reopening",
    unit: "milliseconds",
    bars: outcomes
      .filter(({ size }) => size !== SIZES[0]?.size)
      .map(({ driver, size, way, engineMs }) => ({
        label: `${way}, ${driver}, ${size}`,
        value: engineMs,
      })),
    ours: (label) => label.startsWith("rotate()"),
  };
}
