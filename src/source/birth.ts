import { START_TOLD_MS } from "../container/later-run.ts";
import { LOG_START } from "../resume/position.ts";
import type { FollowedLog } from "../stream/followed-log.ts";
import type { Finding } from "./host.ts";

/** The log of a container that is new, and is read from its start, was empty until a moment before that. */
export function noteBirth(log: FollowedLog, finding: Finding): void {
  if (finding.isNew === true && finding.start.position === LOG_START)
    log.birth.wasEmpty(emptyUntil(finding));
}

/** In epoch milliseconds by the engine's clock; undefined where no answer says it. */
function emptyUntil({ inspection, startedBy }: Finding): number | undefined {
  const { createdAt, startedAt = "" } = inspection;
  const times = [createdAt, (startedBy ?? Date.parse(startedAt)) - START_TOLD_MS];
  const known = times.filter(Number.isFinite);
  return known.length === 0 ? undefined : Math.max(...known);
}
