import type { Result } from "./results.ts";
import { runsTable, runsVerdict } from "./runs-table.ts";

/** docs/maintainers/chaos-podman.md, from what was kept of the runs on Podman. */
export function podmanPage(results: readonly Result[]): string {
  return [
    "# Chaos on Podman",
    "",
    "Written by `npm run chaos -- --report FILE`; do not edit.",
    "",
    "The runs of [chaos](chaos.md) on a `podman system service` with the driver `k8s-file`: `npm run chaos -- --engine podman-5.8 --read both --seed N --minutes 5`. `npm run engines -- get`",
    "fetches it; `--engine podman` takes the machine's own. Faults and the oracle are the same. The truth is the engine's own file,",
    "which is kept by a second name when `max-size` puts a new one in its place. What differs from Docker:",
    "",
    "- A line is known by its stream, time and text. Podman before 5.8 tells whole seconds, so each line has a number that no other line of its container has, also not of another run.",
    "- No act damages records: Podman leaves out of its reads what it can't parse, and nothing tells ([quirks](engines-quirks.md)).",
    "- Containers have no `max-size` where collectors read by `files` or `both`, since these refuse it.",
    "- The killed daemon is the service alone. Containers live on without it, and so does whoever tidies up behind them.",
    "- The driver journald is not in it: there is no file that tells the truth beside the engine. The [matrix of engines](testing.md) runs it.",
    "- Behind `no descriptors` the service is killed and started again: its handlers fail while they hold locks (5.8: `Recovering from API service endpoint handler panic: … too many open",
    "  files`), so that no list and no look is answered any more, however many descriptors there are then.",
    "- The clock is not stepped, as on Docker.",
    "",
    ...runsVerdict(results),
    "## What ran",
    "",
    ...runsTable(results),
    "",
  ].join("\n");
}
