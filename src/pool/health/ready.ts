import { DockspoolError, asSentence } from "../../errors.ts";
import { waitFor } from "../../lifetime/wait-for.ts";
import type { EndReason } from "../../source/status.ts";
import { poolClosed } from "../failures.ts";
import type { PoolHealth } from "./health.ts";

/** How often to look: what readiness rests on is in many places, and it is not waited for twice. */
const LOOK_EVERY_MS = 20;

/**
 * Resolves when the pool is ready first.
 *
 * @throws DockspoolError why it is not, after `timeoutMs`; why it has ended: where it was aborted, the signal's reason
 */
export async function poolReady(
  health: PoolHealth,
  ending: () => EndReason | undefined,
  timeoutMs: number,
): Promise<void> {
  await waitFor({
    timeoutMs,
    observe: (changed) => {
      const timer = setInterval(changed, LOOK_EVERY_MS);
      return () => clearInterval(timer);
    },
    look: () => {
      const end = ending();
      if (end?.kind === "failed") throw end.error;
      if (end?.kind === "aborted") throw end.reason;
      if (end !== undefined) throw poolClosed(end);
      return health.isReady || undefined;
    },
    late: () => late(health, timeoutMs),
  });
}

function late(health: PoolHealth, timeoutMs: number): DockspoolError {
  const why = asSentence(health.whyNotReady());
  return new DockspoolError(
    "ENGINE_UNREACHABLE",
    `The pool is not ready after ${timeoutMs} ms: ${why} It goes on trying.`,
    { transient: true },
  );
}
