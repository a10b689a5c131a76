import type { Figures } from "./oracle.ts";
import type { Result } from "./results.ts";

/** Characters of a violation: some have whole journals behind them. */
const SHOWN = 240;

/** docs/maintainers/chaos-files.md, from what was kept of the runs that read from files. */
export function filesPage(results: readonly Result[]): string {
  const bad = results.filter(({ violations }) => violations.length > 0);
  const verdict =
    bad.length === 0
      ? `**${results.length} runs, and none of them violates a guarantee.**`
      : `**${bad.length} of ${results.length} runs violated a guarantee:**`;
  return [
    "# Chaos, read from files",
    "",
    "Written by `npm run chaos -- --report FILE`; do not edit.",
    "",
    "The runs of [chaos](chaos.md), on real engines, whose collectors read [from files](../files.md): `npm run chaos -- --engine real --read both --driver local --seed N --minutes 10`.",
    "With `both` the way is another one at every resume: the collector that comes after one that was closed or killed reads from files where that one read from the",
    "engine, and the other way round, with one store of checkpoints. `DOCKSPOOL_ENGINE_BIN` chooses the engine. The oracle is the same: each line once, and what is",
    "missing lies in gaps, which are exactly the holes. It keeps the engine's files by second names of them, before the engine deletes them.",
    "",
    verdict,
    "",
    ...bad.flatMap(({ seed, violations }) =>
      violations.map((text) => `- seed ${seed}: ${text.slice(0, SHOWN)}`),
    ),
    ...(bad.length === 0 ? [] : [""]),
    "## What ran",
    "",
    ...table(results),
    "",
    "## What it has found",
    "",
    "- The last line that proves a file to be a container's was asked for by all containers at once: 28 connections where 23 are allowed. It takes a turn now;",
    '  `test/pool/files.test.ts`: "asks the engine for few last lines at once, however many logs there are to prove".',
    "- Seed 701 at first: the oracle's own fault. A file was filled, rotated and compressed between two of its looks, and it did not know of the lines that came.",
    "- Seed 702 on 20.10 with `local`: a damaged record ends that engine itself, each time it is asked for a log's last lines ([quirks](engines-quirks.md)). The player",
    "  ended with it; now it starts such an engine again, as a service manager does, and counts that. The library asked for the log again when the engine was back, which ended it again,",
    "  205 times in that run, and meanwhile its other containers were not read. Mended in `src/engine/tail-bound.ts`: 5 times in ten minutes, with 11 damaged logs and 31 collectors, no violation.",
    "- The same seed: the oracle's own fault, too. A collector was killed before it had saved anything of a container that was new, and the engine threw lines away before the next one",
    "  read: that one can't know.",
    "- Seed 712 at first: the oracle's own fault. It took a file for one that it knew: a compressed one's inode is used again. `test/chaos/true-log.test.ts`.",
    "- The engine was never without descriptors where its hard limit is below 1,048,576: the fault failed, and nothing told. It happens now.",
    "",

    "Podman is not in it. The oracle knows a line by its stream, time and text, and Podman before 5.8 tells whole seconds, under which restarted containers repeat their",
    "lines; and what has a `max-size` is read from the engine either way. `test/engine/log-files.test.ts` and the [matrix of engines](testing.md) read its files.",
    "",
  ].join("\n");
}

const ROWS: readonly (readonly [name: string, of: (figures: Figures) => number])[] = [
  ["containers", (one) => one.containers],
  ["lines written", (one) => one.written],
  ["lines delivered", (one) => one.came],
  ["lines read from files, also again", (one) => one.fromFiles],
  ["lines delivered again after a kill or a `detach()`", (one) => one.again],
  ["gaps announced", (one) => one.gaps],
  ["lines that the engine had thrown away, within gaps", (one) => one.inGaps],
  ["lines thrown away before anything was read", (one) => one.forgotten],
  ["lines of removed containers behind their end", (one) => one.cutOff],
  ["lines next to damaged records", (one) => one.spoiled],
  ["rotations", (one) => one.rotations],
  ["times that the engine ended by itself", (one) => one.faults["daemon crashed"] ?? 0],
  ["collectors", (one) => one.collectors],
  ["of them killed", (one) => one.kills],
  ["most streams of the engine at once", (one) => one.mostReaders],
  ["most connections at once", (one) => one.mostConnections],
  ["largest collector, MB", (one) => one.mostRssMb],
];

function table(results: readonly Result[]): string[] {
  const row = (name: string, of: (result: Result) => string): string =>
    `| ${name} | ${results.map(of).join(" | ")} |`;
  const version = ({ figures }: Result): string => figures.version.split(/[+-]/, 1)[0] ?? "";
  return [
    row("", (one) => `${version(one)}, ${one.driver}`),
    row("---", () => "---:"),
    row("played", ({ date }) => date ?? "not known"),
    row("seed", ({ seed }) => String(seed)),
    row("read", ({ read }) => String(read)),
    row("minutes", ({ minutes }) => String(minutes)),
    row("violations", ({ violations }) => String(violations.length)),
    ...ROWS.map(([name, of]) => row(name, ({ figures }) => of(figures).toLocaleString("en-US"))),
  ];
}
