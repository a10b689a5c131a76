import type { TaskGroup } from "../lifetime/task-group.ts";
import type { EndReason } from "../source/status.ts";
import { poolClosed } from "./failures.ts";
import type { FollowedContainers } from "./followed-containers.ts";
import type { PoolEngines } from "./pool-engines.ts";

/** How long `close()` waits for what is not a source's. */
const CLOSE_TIMEOUT_MS = 10_000;

/** Ends discovery and all sources. Resolves with what outlived its deadline. */
export async function stopReading(
  engines: PoolEngines,
  followed: FollowedContainers,
  tasks: TaskGroup,
  reason: EndReason,
): Promise<unknown[]> {
  engines.closing();
  const life = tasks.close({ reason: poolClosed(reason), timeoutMs: CLOSE_TIMEOUT_MS });
  const [survivors, own] = await Promise.allSettled([followed.close(reason), life]);
  await engines.close();
  followed.output.end(reason.kind === "failed" ? { failure: { error: reason.error } } : {});
  const errors: unknown[] = survivors.status === "fulfilled" ? survivors.value : [survivors.reason];
  if (own.status === "rejected") errors.push(own.reason);
  return errors;
}
