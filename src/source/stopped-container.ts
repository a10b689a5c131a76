import type { EngineClient } from "../engine/engine-client.ts";
import type { ContainerEvent } from "../engine/events.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { sleep } from "../lifetime/deadline.ts";

/** How often to look where the engine's events can't be had (a socket proxy may forbid them). */
const POLL_MS = 2_000;
/** After these a stopped container is not what it was. */
const changes: ReadonlySet<string> = new Set(["start", "restart", "destroy", "rename"]);

/**
 * Resolves when a stopped container has started ("started"), or may not be what it was. Looks once the events are
 * listened to, so that no change falls in between.
 *
 * @throws DockspoolError as `EngineClient.inspect`; the signal's reason
 */
export async function waitForChange(
  client: EngineClient,
  stopped: Inspection,
  signal: AbortSignal,
): Promise<"started" | "changed"> {
  const { id } = stopped.info;
  const listening = new AbortController();
  const stop = (): void => listening.abort();
  const unlink = onAbort(signal, stop);
  let look: Promise<void> = Promise.resolve();
  let failure: { readonly error: unknown } | undefined;
  let hasStarted = false;
  const event = ({ action }: ContainerEvent): void => {
    if (!changes.has(action)) return;
    if (action === "start") hasStarted = true;
    stop();
  };
  const opened = (): void => {
    look = client.inspect(id, signal).then(
      (now) => {
        if (now.running || now.removing) stop();
      },
      (error: unknown) => {
        failure = { error };
        stop();
      },
    );
  };
  try {
    await client.readEvents(id, { opened, event }, listening.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!listening.signal.aborted) {
      if (!DockspoolError.is(error, "ENGINE_RESPONSE")) throw error;
      await sleep(POLL_MS, signal);
    }
  } finally {
    unlink();
    await look;
  }
  signal.throwIfAborted();
  if (hasStarted) return "started";
  if (failure !== undefined) throw failure.error;
  return "changed";
}
