import type { DockspoolError } from "../../errors.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** A container that was found, and of which it is not settled yet, or not to the good, what becomes of it. */
export interface UnsettledContainer {
  readonly name: string;
  /** "looking": the engine is asked about it; "failed": that, or following it, is tried again; "skipped": it is not followed. */
  readonly kind: "looking" | "failed" | "skipped";
  /** Epoch milliseconds. */
  readonly since: number;
  readonly error: DockspoolError | undefined;
}

/** What is asked of a container while the engine starts it may take six times an answer's time. */
const LOOKING_MS = 75_000;

/** What is wrong with a container that was found. One whose log driver keeps nothing is as its owner wants it. */
export function discoveryFinding(
  { name, kind, since, error }: UnsettledContainer,
  now: number,
): Finding | undefined {
  if (kind === "skipped" && error?.code === "LOGS_UNREADABLE") return undefined;
  if (error !== undefined) {
    const what = kind === "skipped" ? "is not followed" : "is not followed yet";
    return { status: "degraded", detail: `${name} ${what}: ${error.message}`, since };
  }
  if (now - since < LOOKING_MS) return undefined;
  const detail = `${name} waits for the engine's answer about it since ${span(now - since)}`;
  return { status: "degraded", detail, since };
}
