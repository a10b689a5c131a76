import type { ContainerLogSource, SourceStats } from "../../index.ts";
import type { ContainerRow } from "./messages.ts";
import { shownText } from "./shown-text.ts";

/** What takes longer is told: opening a stream is a matter of milliseconds. */
const SETTLING_MS = 2_000;

interface Watched {
  readonly at: number;
  readonly lines: number;
  /** When its log was had last. */
  readonly settledAt: number;
  readonly row: ContainerRow;
}

/** The containers that are followed, as rows of a table; looked at once a second. */
export class Containers {
  #watched = new Map<string, Watched>();

  look(
    sources: ReadonlyMap<string, ContainerLogSource>,
    lags: ReadonlyMap<string, number>,
    at: number,
  ): readonly ContainerRow[] {
    const watched = new Map<string, Watched>();
    for (const [id, source] of sources)
      watched.set(id, this.#watch(id, source, lags.get(id) ?? null, at));
    this.#watched = watched;
    return [...watched.values()].map(({ row }) => row);
  }

  #watch(id: string, source: ContainerLogSource, lag: number | null, at: number): Watched {
    const { stats, info } = source;
    const before = this.#watched.get(id);
    const settledAt = isSettled(stats) ? at : (before?.settledAt ?? Math.min(at, stats.since));
    const passed = before === undefined ? 0 : at - before.at;
    const row: ContainerRow = {
      id,
      name: shownText(info?.name ?? id.slice(0, 12)),
      image: shownText(info?.image ?? ""),
      engine: shownText(info?.engine ?? ""),
      phase: stats.state,
      since: stats.since,
      waitsFor: shownText(stats.waitsFor ?? ""),
      ...condition(stats, settledAt, at),
      linesPerSecond:
        before === undefined || passed <= 0 ? 0 : ((stats.lines - before.lines) * 1_000) / passed,
      lines: stats.lines,
      lag,
    };
    return { at, lines: stats.lines, settledAt, row };
  }
}

/** Its log is being had, or there is nothing to have, or it is not its turn. */
function isSettled({ state }: SourceStats): boolean {
  return state !== "opening" && state !== "reconnecting" && state !== "idle" && state !== "ended";
}

function condition(
  { gaps, state }: SourceStats,
  settledAt: number,
  at: number,
): Pick<ContainerRow, "status" | "health" | "illSince"> {
  const lost = gaps === 0 ? "" : `, lines lost at ${gaps} ${gaps === 1 ? "place" : "places"}`;
  if (at - settledAt >= SETTLING_MS)
    return { status: "degraded", health: `not followed${lost}`, illSince: settledAt };
  const well = state === "stopped" ? "read to its end" : "well";
  const status = gaps === 0 ? "healthy" : "degraded";
  return { status, health: `${well}${lost}`, illSince: null };
}
