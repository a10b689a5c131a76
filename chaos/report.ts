import type { Turn } from "./health-truth.ts";
import type { Figures } from "./oracle.ts";
import { bugs } from "./bugs.ts";
import type { Result } from "./results.ts";

/** docs/maintainers/chaos.md, from what was kept of the runs. */
export function chaosPage(results: readonly Result[]): string {
  const lines = [
    "# Chaos",
    "",
    "Written by `npm run chaos -- --report FILE`; do not edit.",
    "",
    "`npm run chaos -- --seed N --minutes M` makes a plan of faults from the seed alone, prints it, and plays it: on a real Docker of its own",
    "(`--engine real`) or on the fake engine, through a proxy of its own. A collector in another process follows everything by a pool with",
    "checkpoints. It is closed, killed and started again on the way. Then the engine's own logs and the guarantees G1 to G10 are held against",
    "what came. A violated guarantee prints the seed, the plan and what is wrong. `--engine podman-5.8` plays it on a [Podman](chaos-podman.md); `--read both` reads",
    "[from files](chaos-files.md) as well.",
    "",
    ...violationLines(results),
    "## What ran",
    "",
    ...sums(results),
    "",
    "## Faults and acts",
    "",
    "How often each happened, and how long health took: from the fault's beginning to the first time that it was not `healthy`, and from the fault's",
    "end to `healthy`. Many faults are over before health's bound for them, or are mended without a word; so not every one makes health turn.",
    "The seconds are the median and the longest. Other faults may have been there at the same time, and the machine was busy: three runs at a time on two cores.",
    "",
    "| kind | times | health turned | seconds to it | seconds back |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...kindRows(results),
    "",
    "## Bugs put in on purpose",
    "",
    "`npm run chaos -- --self-test` puts each of these into a copy of the built library. The oracle catches all of them, and is content with the",
    "library without it. `test/chaos/chaos.test.ts` does the same.",
    "",
    ...bugs.map(({ name }) => `- It ${name}.`),
    "",
    "## What it has found",
    "",
    "The seeds above are those that were played last with each number. Seeds that had violated a guarantee before were played again, once what was wrong was",
    "mended, in the library or in the oracle.",
    "",
    "- Real engine, seed 5: a follow of Docker 20.10 left out files of a small, rotated log, and no gap told, while the collector waited for its turn on a busy",
    "  machine. By what the code did, old and new lines came in one piece, and only the last of them told how far the reader was behind. Mended in `src/stream/trust.ts`;",
    '  `test/stream/trust.test.ts`: "is doubted behind a hole within one piece, where the reader was behind by a file".',
    "- Real engine, seed 217: a file that 20.10 left out behind the first opening of a log was not noticed, since all that was there had come in one piece, which",
    '  told no rate. Mended in `src/stream/trust.ts`; `test/stream/trust.test.ts`: "a first follow is doubted where a file is missing behind what was there when it',
    '  was opened".',
    "- Fake engine, seeds 220 and 236: health told of a container that could not be followed long after it could, where it was quiet and had short turns. Mended in",
    '  `src/source/attempts.ts`; `test/pool/health/stream-causes.test.ts`: "a quiet container that could not be followed is told of no more once it had a turn,',
    '  however short".',
    "- Real engine, seed 205: the oracle's own fault. An act that was asked of a stopped daemon was done after the chaos, and nobody started its container again.",
    "- Fake engine, seed 446: the oracle's own fault. It asked for lines that a collector had read and not delivered when it was killed, of a container that had",
    "  been removed. The other 99 of these 100 seeds ran in a row without a violation.",
    "- Fake engine, seed 3: a run that begins and ends while the events are dead is found by the look that comes every five minutes, and not by the list,",
    "  which shows the container as it was. It is as [architecture.md](architecture.md) says; its lines come with that look, or with the next run.",
    "- Real engine, seed 4: what is written right behind an emptying by hand is left out by 20.10 (below).",
    "",
    "## What the oracle lets pass",
    "",
    "- The first lines of a container, where the engine had thrown them away before anything of it could be read.",
    "- The last lines of a container that was removed while no collector ran, or while a fault kept the collector from the engine. Where the pool knows of the",
    "  container its end says `complete: false`.",
    "- The last lines of a container that was removed, which a collector had read and not delivered when it was killed: nobody has them any more.",
    "- Lines that stand next to a record that was damaged by hand, and what is written within five seconds of an emptying by hand: Docker 20.10 leaves some of",
    "  them out of its follows and tells nothing.",
    "- The real engine's clock is not stepped: it is written in Go, which does not ask the C library for the time, so libfaketime has no effect on it. The fake",
    "  engine's clock is stepped, and the collector's own, by libfaketime.",
    "",
    "## Seeds",
    "",
    ...(["fake", "real"] as const).map(
      (engine) =>
        `- ${engine}: ${results
          .filter((result) => result.engine === engine)
          .map(({ seed }) => seed)
          .toSorted((a, b) => a - b)
          .join(", ")}`,
    ),
    "",
  ];
  return lines.join("\n");
}

function violationLines(results: readonly Result[]): string[] {
  const bad = results.filter(({ violations }) => violations.length > 0);
  if (bad.length === 0)
    return [
      `**${results.length} seeds, and none of them violates a guarantee as of its last run.**`,
      "",
    ];
  return [
    `**${bad.length} of ${results.length} seeds violated a guarantee:**`,
    "",
    ...bad.map(
      ({ seed, engine, violations }) => `- ${engine}, seed ${seed}: ${violations[0] ?? ""}`,
    ),
    "",
  ];
}

function sums(results: readonly Result[]): string[] {
  const engines = ["fake", "real"] as const;
  const row = (
    name: string,
    of: (figures: Figures) => number,
    how: "sum" | "most" = "sum",
  ): string => {
    const cells = engines.map((engine) => {
      const values = results
        .filter((one) => one.engine === engine)
        .map(({ figures }) => of(figures));
      const value = how === "sum" ? values.reduce((a, b) => a + b, 0) : Math.max(0, ...values);
      return value.toLocaleString("en-US");
    });
    return `| ${name} | ${cells.join(" | ")} |`;
  };
  const count = engines.map((engine) => results.filter((one) => one.engine === engine).length);
  const minutes = engines.map((engine) =>
    results.filter((one) => one.engine === engine).reduce((sum, one) => sum + one.minutes, 0),
  );
  return [
    "| | fake engine | real engine |",
    "| --- | ---: | ---: |",
    `| seeds | ${count.join(" | ")} |`,
    `| minutes | ${minutes.join(" | ")} |`,
    row("containers", (one) => one.containers),
    row("lines written", (one) => one.written),
    row("lines delivered", (one) => one.came),
    row("lines delivered again after a kill or a `detach()`", (one) => one.again),
    row("gaps announced", (one) => one.gaps),
    row("lines that the engine had thrown away, within gaps", (one) => one.inGaps),
    row("lines thrown away before anything was read", (one) => one.forgotten),
    row("lines of removed containers behind their end", (one) => one.cutOff),
    row("lines next to damaged records", (one) => one.spoiled),
    row("rotations", (one) => one.rotations),
    row("collectors", (one) => one.collectors),
    row("of them killed", (one) => one.kills),
    row("most readers at once", (one) => one.mostReaders, "most"),
    row("most connections at once", (one) => one.mostConnections, "most"),
    row("most tasks at once", (one) => one.mostTasks, "most"),
    row("largest collector, MB", (one) => one.mostRssMb, "most"),
    row(
      "longest way back to health after the last fault, seconds",
      (one) => Math.round((one.backMs ?? 0) / 100) / 10,
      "most",
    ),
  ];
}

function kindRows(results: readonly Result[]): string[] {
  const times = new Map<string, number>();
  const turns = new Map<string, Turn[]>();
  for (const { figures } of results) {
    for (const [kind, count] of Object.entries(figures.faults))
      times.set(kind, (times.get(kind) ?? 0) + count);
    for (const turn of figures.turns) turns.set(turn.kind, [...(turns.get(turn.kind) ?? []), turn]);
  }
  return [...times]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([kind, count]) => {
      const all = turns.get(kind);
      if (all === undefined) return `| ${kind} | ${count} | | | |`;
      const turned = all.flatMap(({ turnedMs }) => (turnedMs === undefined ? [] : [turnedMs]));
      const back = all.flatMap(({ backMs }) => (backMs === undefined ? [] : [backMs]));
      return `| ${kind} | ${count} | ${turned.length} | ${span(turned)} | ${span(back)} |`;
    });
}

function span(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  const most = sorted.at(-1);
  if (middle === undefined || most === undefined) return "";
  return `${(middle / 1_000).toFixed(1)} / ${(most / 1_000).toFixed(1)}`;
}
