import type { EngineClient } from "../engine/engine-client.ts";
import { DockspoolError } from "../errors.ts";

/** The engine tells of a start no longer than that after it, and a container may have written its first lines by then. */
export const START_TOLD_MS = 300;

/**
 * Whether a container that is gone may have run once more after its run at `startedAt`, the log of which was read up to
 * `newest`: the engine remembers its latest events (Docker: 256).
 *
 * @throws the signal's reason
 */
export async function mayHaveRunAgain(
  client: EngineClient,
  id: string,
  startedAt: string | undefined,
  newest: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (startedAt === undefined) return true;
  const read =
    newest === undefined ? Infinity : Math.max(Date.parse(newest), Date.parse(startedAt));
  try {
    const events = await client.pastEvents(id, Date.parse(startedAt), signal);
    const starts = events.filter(({ action }) => action === "start");
    return starts.length > 1 || starts.some(({ at }) => at > read);
  } catch (error) {
    if (DockspoolError.is(error) && !signal.aborted) return true;
    throw error;
  }
}
