import type { Result } from "./results.ts";
import { runsPage } from "./runs-table.ts";

/** docs/maintainers/chaos-files.md, from what was kept of the runs that read from files. */
export function filesPage(results: readonly Result[]): string {
  const about = [
    "The runs of [chaos](chaos.md), on real engines, whose collectors read [from files](../files.md): `npm run chaos -- --engine real --read both --driver local --seed N --minutes 10`.",
    "With `both` the way is another one at every resume: the collector that comes after one that was closed or killed reads from files where that one read from the",
    "engine, and the other way round, with one store of checkpoints. `DOCKSPOOL_ENGINE_BIN` chooses the engine. The oracle is the same: each line once, and what is",
    "missing lies in gaps, which are exactly the holes. It keeps the engine's files by second names of them, before the engine deletes them.",
  ];
  const found = [
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
    "Podman's `k8s-file`, read from the engine and from files, has [a page of its own](chaos-podman.md).",
  ];
  return runsPage("Chaos, read from files", about, found, results);
}
