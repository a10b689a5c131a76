import { renderTable } from "../../bench/table.ts";
import type { Table } from "../../bench/report.ts";
import { BOUNDS, growthsOf, withoutWarmUp } from "./growth.ts";
import type { Growth } from "./growth.ts";
import type { KindResult, Recording } from "./samples.ts";
import { chartsOf } from "./charts.ts";
import { wrongWith } from "./verdict.ts";
import { CHECKED, MOST_A_MINUTE, windowsOf } from "./windows.ts";

/** A run that the page tells of. */
export interface Told {
  /** How the names of its charts begin. */
  readonly name: string;
  readonly recording: Recording;
}

const MB = 1_000_000;
/** The predecessor's own checks took five and ten minutes; in an hour its leak was back. */
const WINDOW_MINUTES = [5, 10, 60];

/** The whole page. */
export function renderPage(runs: readonly Told[]): string {
  const blocks = [
    INTRODUCTION,
    renderTable(boundsTable()),
    COMPARED,
    "## The predecessor's own checks",
    CHECKS,
    renderTable(windowsTable(runs)),
    ...runs.flatMap(runBlocks),
  ];
  return `${blocks.join("\n\n")}\n`;
}

const INTRODUCTION = `# Soak

A pool follows containers that write all the while, on a real engine, for hours or for as many rotations as a day has. This page is written by \`npm run soak\`:

\`\`\`sh
npm run soak                      # 14,400 rotations, as fast as the engine bears: a day of 50 containers at one in five minutes
npm run soak -- --minutes 120     # two hours in real time: the pool rotates by itself, every five minutes
npm run soak -- --minutes 3 --rotations 2400 --sample-every 5 --samples /tmp/soak.jsonl     # a short one; this page stays as it is
npm run soak -- page              # makes the page anew from what was recorded
\`\`\`

The containers are of several kinds: **chatty** (twenty lines a second, on both streams), **quiet** (one line in half a minute), **terminal** (progress bars that are
drawn over themselves, and lines of 20 KB), **restarting** (killed without a warning or by SIGTERM, and started again), **long lines** (40 KB among short ones).

Every minute it is counted what a leak would make grow: here, and at the engine, which tells its goroutines and descriptors by itself (\`--debug\`). What is made once
comes into being in the first fifth of a run (ten minutes at most), which is left out. Then the slope is taken (the middle one of the slopes between all pairs of
samples), and the middle value of the last fifth is compared with that of the first. The greater of both, over the whole run, is what has been added. Of the heap a small rise is left in the first hour: code that V8 compiles. Two heap
snapshots of a process that follows, five minutes, 40,000 lines and 110 restarts of containers apart, differed in that alone, and in buffers that were being read into.

That is what may be added:`;

const COMPARED = `A run in which nothing is captured grows nowhere. So each sample also holds the lines in the engine's own log files and the lines that came, and a container whose log has
held a line for half a minute that has not come fails the run. At the end each container's log files are compared line by line with what came: stream, timestamp,
text and order.`;

const CHECKS = `A predecessor rotated streams as well. Its tests watched for five and for ten minutes whether less than ${MOST_A_MINUTE} goroutines a minute were added, with 50 and more containers. They
passed, since nothing was captured any more, and in an hour with 55 containers the leak was back. Here are the same checks, for every stretch of that length which a run
has, with what came in it beside them. A stretch begins at each sample. Growth is the slope, as above, a minute, of the stretch with the greatest; rotations and lines are those of the stretch
with the fewest.`;

function boundsTable(): Table {
  return {
    columns: ["", "may be added in a whole run"],
    rows: BOUNDS.map(({ name, most, unit }) => [name, shown(most, unit)]),
  };
}

function windowsTable(runs: readonly Told[]): Table {
  const rows = runs.flatMap(({ recording }) =>
    WINDOW_MINUTES.flatMap((minutes) => {
      const windows = windowsOf(recording.samples, minutes);
      if (windows === undefined) return [];
      const growths = CHECKED.map((name) => windows.growth[name].toFixed(2));
      const isBelow = CHECKED.every((name) => windows.growth[name] < MOST_A_MINUTE);
      return [
        [
          `${titleOf(recording).toLowerCase()}: ${minutes} minutes, ${windows.count} times`,
          String(recording.begin.options.containers),
          ...growths,
          isBelow ? "yes" : "**no**",
          whole(windows.fewestRotations),
          whole(windows.fewestWrittenAMinute),
          whole(windows.fewestLinesAMinute),
        ],
      ];
    }),
  );
  return {
    columns: [
      "stretch",
      "containers",
      "tasks",
      "sockets",
      "descriptors",
      "goroutines",
      "engine's descriptors",
      `all below ${MOST_A_MINUTE}`,
      "rotations",
      "lines written a minute",
      "received",
    ],
    rows,
  };
}

function runBlocks({ name, recording }: Told): string[] {
  const { samples, end } = recording;
  const wrong = wrongWith(recording);
  const growths = growthsOf(withoutWarmUp(samples));
  return [
    `## ${titleOf(recording)}`,
    conditionsOf(recording),
    ...(wrong.length === 0 ? [verdictOf(recording)] : ["**It has failed:**", listed(wrong)]),
    renderTable(growthTable(growths)),
    ...(end === undefined ? [] : [renderTable(linesTable(end.kinds))]),
    ...chartsOf(name, samples).map((chart) => `![${chart.title}](soak/${chart.name}.svg)`),
  ];
}

function titleOf({ begin }: Recording): string {
  return begin.options.rotations === undefined ? "In real time" : "A day's rotations";
}

function conditionsOf({ begin, samples, end }: Recording): string {
  const { options, versions, at } = begin;
  const last = samples.at(-1);
  const minutes = end?.minutes ?? last?.minutes ?? 0;
  const rotations = end?.rotations ?? last?.rotations ?? 0;
  const first = samples[0];
  const loads = samples.map(({ load }) => load);
  const cores = (name: "cpuSeconds" | "engineCpuSeconds"): string => {
    const seconds = (last?.[name] ?? 0) - (first?.[name] ?? 0);
    return `${((100 * seconds) / (60 * Math.max(minutes, 0.1))).toFixed(1)} %`;
  };
  const how =
    options.rotations === undefined
      ? "by the pool itself, every five minutes"
      : "by `rotate()` of all containers, again and again";
  return [
    `${options.containers} containers, ${minutes.toFixed(0)} minutes, **${whole(rotations)} rotations** ${how}, ${whole(last?.restarts ?? 0)} restarts of containers,`,
    `${whole(samples.length)} samples.`,
    `Docker Engine ${versions.engine}, Node.js ${versions.node}, Linux ${versions.kernel}, ${versions.cores} cores, begun ${at.slice(0, 16).replace("T", " ")} UTC.`,
    `The machine was shared with other work: its load was between ${Math.min(...loads).toFixed(1)} and ${Math.max(...loads).toFixed(1)}.`,
    `The process that follows took ${cores("cpuSeconds")} of a core, with its own looks, the engine ${cores("engineCpuSeconds")}.`,
  ].join("\n");
}

function verdictOf({ samples, end }: Recording): string {
  const last = samples.at(-1);
  if (end === undefined) {
    return `**The run is not over:** ${whole(last?.minutes ?? 0)} minutes so far, nothing has grown, ${whole(last?.linesIn ?? 0)} lines written, ${whole(last?.linesOut ?? 0)} received. Lines are compared when it ends.`;
  }
  const written = end.kinds.reduce((sum, kind) => sum + kind.written, 0);
  const received = end.kinds.reduce((sum, kind) => sum + kind.received, 0);
  const early = end.isEarly ? " It was ended before its time." : "";
  return `**Nothing has grown; ${whole(written)} lines in, ${whole(received)} lines out: none lost, none repeated, all in order.** No gap, no rotation that failed, ${whole(last?.reconnects ?? 0)} reconnects. With all closed and removed, nothing is left here or at the engine.${early}`;
}

function growthTable(growths: readonly Growth[]): Table {
  return {
    columns: ["", "first fifth", "last fifth", "least", "most", "added", "added in an hour"],
    rows: growths.map(({ name, unit, first, last, least, greatest, rise, perMinute }) => [
      name,
      shown(first, unit),
      shown(last, unit),
      shown(least, unit),
      shown(greatest, unit),
      shown(rise, unit),
      shown(perMinute * 60, unit),
    ]),
  };
}

function linesTable(kinds: readonly KindResult[]): Table {
  return {
    columns: [
      "kind",
      "containers",
      "lines in",
      "lines out",
      "lost",
      "repeated",
      "foreign",
      "out of order",
    ],
    rows: kinds.map((kind) => [
      kind.kind,
      String(kind.containers),
      whole(kind.written),
      whole(kind.received),
      whole(kind.lost),
      whole(kind.repeated),
      whole(kind.foreign),
      whole(kind.reordered),
    ]),
  };
}

function listed(texts: readonly string[]): string {
  return texts.map((text) => `- ${text.replaceAll("\n", "\n  ")}`).join("\n");
}

function shown(value: number, unit: Growth["unit"]): string {
  const rounded = unit === "bytes" ? (value / MB).toFixed(2) : value.toFixed(1);
  const tidy = rounded.replace(/\.0+$/, "").replace(/^-0$/, "0");
  return unit === "bytes" ? `${tidy} MB` : tidy;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
