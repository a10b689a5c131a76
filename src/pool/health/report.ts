import type { EndReason } from "../../source/status.ts";

/** Degraded: it goes on, and somebody should look. Unhealthy: nothing comes that way, or not all that should. */
export type Fitness = "healthy" | "degraded" | "unhealthy";

export interface ComponentHealth {
  readonly status: Fitness;
  /** One sentence for people: what it does, or what it waits for. */
  readonly detail: string;
  /** When that began, in epoch milliseconds. */
  readonly since: number;
}

/**
 * As it is now. `status` is the worst of the components', but lost engines make it "degraded" only, as long as one of several is reached.
 * Unhealthy, too: a pool that has not begun, has failed, or is closed.
 */
export interface Health {
  readonly status: Fitness;
  /** The first list of every engine is done, and all that was found is open, stopped, or in its turn. */
  readonly ready: boolean;
  /**
   * `engine:<name>` for each, `discovery`, `streams`, `buffer`, `delivery:<name>` for each sink, `checkpoints` where they are
   * kept, and `leases` where there are any. docs/operating.md lists what makes each of them ill.
   */
  readonly components: Readonly<Record<string, ComponentHealth>>;
}

/** What was found wrong, the worst first; `since` by `steadyNow()`. */
export interface Finding {
  readonly status: "degraded" | "unhealthy";
  readonly detail: string;
  readonly since: number;
}

/** The worst finding, with how many more there are; undefined where there is none. */
export function worstOf(findings: readonly Finding[]): Finding | undefined {
  const isWorse = (one: Finding, other: Finding): boolean =>
    one.status === other.status ? one.since < other.since : one.status === "unhealthy";
  let worst: Finding | undefined;
  for (const finding of findings)
    if (worst === undefined || isWorse(finding, worst)) worst = finding;
  if (worst === undefined || findings.length === 1) return worst;
  const more = findings.length - 1;
  return { ...worst, detail: `${worst.detail} (and ${more} more)` };
}

/** Why a pool does not go on, in words. */
export function endedBy(ending: EndReason): string {
  switch (ending.kind) {
    case "failed":
      return `the pool has failed: ${ending.error.message}`;
    case "aborted":
      return "the pool was aborted";
    default:
      return "the pool is closed";
  }
}

/** A span of time for people: "340 ms", "12 s", "5 min". */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
