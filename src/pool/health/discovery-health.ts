import type { DockspoolError } from "../../errors.ts";
import { BOUNDS } from "./bounds.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** A container that was found, and of which it is not settled yet, or not to the good, what becomes of it. */
export interface UnsettledContainer {
  readonly name: string;
  /** "looking": the engine is asked about it; "failed": that, or following it, is tried again; "skipped": it is not followed. */
  readonly kind: "looking" | "failed" | "skipped";
  /** By `steadyNow()`. */
  readonly since: number;
  /** Of the last attempt. */
  readonly error: DockspoolError | undefined;
  /** The caller has attached it. */
  readonly isAttached: boolean;
}

/** What is wrong with a container that was found. One whose log driver keeps nothing is as its owner wants it. */
export function discoveryFinding(
  { name, kind, since, error, isAttached }: UnsettledContainer,
  now: number,
): Finding | undefined {
  const lasts = now - since;
  if (kind === "skipped" && error?.code === "LOGS_UNREADABLE" && !isAttached) return undefined;
  if (error !== undefined) {
    if (kind === "looking" && lasts < BOUNDS.troubleMs) return undefined;
    const what = kind === "skipped" ? "is not followed" : "is not followed yet";
    return { status: "degraded", detail: `${name} ${what}: ${error.message}`, since };
  }
  if (lasts < BOUNDS.silentMs) return undefined;
  const detail = `${name} is not followed yet: what the engine and the checkpoint store know of it is not known for ${span(lasts)}`;
  return { status: "degraded", detail, since };
}
