import { inPieces, readBody } from "./body.ts";
import type { ByteDeadline } from "./byte-deadline.ts";
import type { Query } from "./dial.ts";
import type { EngineLink } from "./engine-link.ts";
import { EventDecoder, MAX_EVENT_BYTES } from "./events.ts";
import type { ContainerEvent } from "./events.ts";

/** Takes a container's events, or those of all. */
export interface EventHandlers {
  /** The engine has answered: what happens from now on is told. */
  readonly opened: () => void;
  readonly event: (event: ContainerEvent) => void;
}

/**
 * Hands over events as they come. `wait`: for the head, and from then on for each byte where it is still set.
 *
 * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE (also for an event without an end); the signal's reason
 */
export async function readEvents(
  link: EngineLink,
  container: string | undefined,
  span: Query,
  { opened, event }: EventHandlers,
  wait: ByteDeadline,
  signal: AbortSignal,
): Promise<"complete" | "cut"> {
  const filters = JSON.stringify(
    container === undefined
      ? { type: ["container", "network"] }
      : { type: ["container"], container: [container] },
  );
  const { response } = await link.get("/events", { ...span, filters }, wait, signal);
  wait.came();
  opened();
  const decoder = new EventDecoder();
  let tooLong: RangeError | undefined;
  const take = inPieces((piece) => {
    wait.came();
    try {
      decoder.push(piece).forEach(event);
    } catch (error) {
      if (error instanceof RangeError) tooLong = error;
      throw error;
    }
  });
  try {
    return await readBody(response, take, wait.signal);
  } catch (error) {
    if (tooLong !== undefined) throw link.tooLong("/events", MAX_EVENT_BYTES);
    if (wait.expired) throw link.failure(error, wait, signal);
    throw error;
  }
}
