import type { Inspection } from "../../engine/inspection.ts";
import { DockspoolError } from "../../errors.ts";
import { onAbort } from "../../lifetime/abort.ts";
import type { PoolEngine } from "../pool-engine.ts";

/**
 * Looks for a container on all engines at once; the first one that says it has it wins.
 *
 * @throws DockspoolError of an engine that could not tell, else CONTAINER_NOT_FOUND; the signal's reason
 */
export async function findContainer(
  container: string,
  engines: readonly PoolEngine[],
  parent: AbortSignal,
): Promise<{ readonly engine: PoolEngine; readonly inspection: Inspection }> {
  const looking = new AbortController();
  const unlink = onAbort(parent, () => looking.abort(parent.reason));
  const looks = engines.map(async (engine) => {
    const inspection = await engine.find(container, looking.signal);
    return { engine, inspection };
  });
  try {
    return await Promise.any(looks);
  } catch (error) {
    parent.throwIfAborted();
    const failures: unknown[] = error instanceof AggregateError ? error.errors : [error];
    // An engine that can't be reached may have it.
    throw (
      failures.find((failure) => !DockspoolError.is(failure, "CONTAINER_NOT_FOUND")) ?? failures[0]
    );
  } finally {
    unlink();
    looking.abort();
  }
}
