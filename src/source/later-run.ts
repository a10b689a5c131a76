import type { EngineClient } from "../engine/engine-client.ts";
import { DockspoolError } from "../errors.ts";

/** What has just happened counts as well, by a clock that need not be quite ours. */
const JUST_NOW_MS = 50;

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
  const read = newest === undefined ? Infinity : Date.parse(newest);
  let starts = 0;
  let laterStarts = 0;
  const event = ({ action, at }: { readonly action: string; readonly at: number }): void => {
    if (action !== "start") return;
    starts++;
    if (at > read) laterStarts++;
  };
  const span = {
    since: String(Math.floor(Date.parse(startedAt) / 1000)),
    until: ((Date.now() + JUST_NOW_MS) / 1000).toFixed(3),
  };
  try {
    await client.readEvents(id, { opened: () => {}, event }, signal, span);
  } catch (error) {
    if (DockspoolError.is(error) && !signal.aborted) return true;
    throw error;
  }
  return starts > 1 || laterStarts > 0;
}
