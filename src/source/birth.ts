import type { Finding } from "./host.ts";

/** A container writes its first lines no longer than that before the engine tells of its start. */
export const START_TOLD_MS = 300;

/** Until when a container that is new had written nothing, in epoch milliseconds by the engine's clock; undefined where that is not said. */
export function emptyUntil({ inspection, startedBy }: Finding): number | undefined {
  const { createdAt, startedAt = "" } = inspection;
  const times = [createdAt, (startedBy ?? Date.parse(startedAt)) - START_TOLD_MS];
  const known = times.filter(Number.isFinite);
  return known.length === 0 ? undefined : Math.max(...known);
}
