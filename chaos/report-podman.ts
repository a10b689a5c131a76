import type { Result } from "./results.ts";
import { runsPage } from "./runs-table.ts";

/** docs/maintainers/chaos-podman.md, from what was kept of the runs on Podman. */
export function podmanPage(results: readonly Result[]): string {
  const about = [
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
  ];
  const found = [
    "- Podman 4.3, seed 51 at first: the line at which a checkpoint stands came again, with another id, where its container was removed just after its reading was resumed. The first read keeps the",
    "  last line back, since it may be half-written, and a container's removal sets it free; whether it stood behind the place or was the place was told by the time of the line before it, and whole",
    '  seconds are alike. Mended in `src/stream/followed-log.ts`; `test/stream/podman.test.ts`: "does not come again, where the container is removed before a look is sure of the line at which a cursor',
    '  stands". The seed was played again.',
    "- Podman 5.8, tried by hand for the act that is left out: a damaged record stops the reading of all that stands behind it, since each tail that holds it is refused. Mended in",
    "  `src/stream/plain-read.ts` ([quirks](engines-quirks.md)).",
    "- Podman 5.8, seeds 41 and 44 with `both`: a container that was killed in mid-line and started again had a `gap` where the log has none, and its next run's first line was left out. Mended in",
    "  `src/resume/left-lines.ts` ([quirks](engines-quirks.md)). Lines that are left without an end by a run, which the next one's text ends, are taken either way by the oracle: whole, or as two.",
    "  Where the first of the two came, the other must come, whatever a gap says.",
    "- Podman 5.8, seed 41 once, on a busy machine: a container ran, and was removed, while the events were dead, and was said to be complete. Most likely since Podman",
    "  cuts past events short at `until`, which is mended in `src/engine/event-requests.ts` ([quirks](engines-quirks.md)). The seed was played again, once before that and once since.",
    "- Podman 5.8, seed 40 with `both` at first: the oracle's own fault. It asked health for an engine that was killed while the only connection to it, that of the events, was dead already; all logs",
    "  were read from files.",
    "- Podman 5.8, seed 20 at first: Podman's own locks behind `no descriptors` (above).",
    "- Podman 4.3: what the log has of a gap's own second is left out with it. It is told, and [written](engines-quirks.md).",
  ];
  return runsPage("Chaos on Podman", about, found, results);
}
