import type { ContainerInfo, ContainerLogSource, SourceStats } from "../../index.ts";
import type { ContainerRow } from "./messages.ts";
import { shownText } from "./shown-text.ts";

/** What takes longer is told: opening a stream is a matter of milliseconds. */
const SETTLING_MS = 2_000;

/** A container, as it was at the last look. */
interface SeenContainer {
  readonly id: string;
  readonly info: ContainerInfo | undefined;
  readonly stats: SourceStats;
  readonly at: number;
  /** When its log was had last. */
  readonly settledAt: number;
  readonly linesPerSecond: number;
  /** In seconds. */
  readonly lag: number | null;
}

/** The containers that are followed; looked at once a second, and made rows of a table only where somebody looks. */
export class Containers {
  #seen = new Map<string, SeenContainer>();

  get size(): number {
    return this.#seen.size;
  }

  look(
    sources: ReadonlyMap<string, ContainerLogSource>,
    lags: ReadonlyMap<string, number>,
    at: number,
  ): void {
    const seen = new Map<string, SeenContainer>();
    for (const [id, { info, stats }] of sources) {
      const before = this.#seen.get(id);
      const lastSettledAt = before?.settledAt ?? Math.min(at, stats.since);
      seen.set(id, {
        id,
        info,
        stats,
        at,
        settledAt: isSettled(stats) ? at : lastSettledAt,
        linesPerSecond: rate(stats, before, at),
        lag: lags.get(id) ?? null,
      });
    }
    this.#seen = seen;
  }

  /** At most so many, and those that need a look first. */
  rows(max: number): readonly ContainerRow[] {
    return [...this.#seen.values()].toSorted(byNeed).slice(0, max).map(rowOf);
  }
}

/** Its log is being had, or there is nothing to have, or it is not its turn. */
function isSettled({ state }: SourceStats): boolean {
  return state !== "opening" && state !== "reconnecting" && state !== "idle" && state !== "ended";
}

/** Lines a second. */
function rate({ lines }: SourceStats, before: SeenContainer | undefined, at: number): number {
  if (before === undefined || at <= before.at) return 0;
  return Math.max(0, ((lines - before.stats.lines) * 1_000) / (at - before.at));
}

function isUnfollowed({ at, settledAt }: SeenContainer): boolean {
  return at - settledAt >= SETTLING_MS;
}

function isIll(container: SeenContainer): boolean {
  return isUnfollowed(container) || container.stats.gaps > 0;
}

function byNeed(one: SeenContainer, other: SeenContainer): number {
  const need = Number(isIll(other)) - Number(isIll(one));
  if (need !== 0) return need;
  const [name = "", otherName = ""] = [one.info?.name, other.info?.name];
  if (name === otherName) return 0;
  return name < otherName ? -1 : 1;
}

function rowOf(container: SeenContainer): ContainerRow {
  const { id, info, stats, settledAt, linesPerSecond, lag } = container;
  const { gaps, state } = stats;
  const well = state === "stopped" ? "read to its end" : "well";
  const lost = gaps === 0 ? "" : `, lines lost at ${gaps} ${gaps === 1 ? "place" : "places"}`;
  return {
    id,
    name: shownText(info?.name ?? id.slice(0, 12)),
    image: shownText(info?.image ?? ""),
    engine: shownText(info?.engine ?? ""),
    phase: state,
    since: stats.since,
    waitsFor: shownText(stats.waitsFor ?? ""),
    status: isIll(container) ? "degraded" : "healthy",
    health: `${isUnfollowed(container) ? "not followed" : well}${lost}`,
    illSince: isUnfollowed(container) ? settledAt : null,
    linesPerSecond,
    lines: stats.lines,
    lag,
  };
}
