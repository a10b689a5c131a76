import type { DockspoolError } from "../errors.ts";
import { inPieces, readBody } from "./body.ts";
import type { ByteDeadline } from "./byte-deadline.ts";
import type { Query } from "./dial.ts";
import type { EngineLink } from "./engine-link.ts";
import { EventDecoder, MAX_EVENT_BYTES } from "./events.ts";
import type { ContainerEvent } from "./events.ts";

const OBJECT = 0x7b;
/** And what is below it, line ends for one. */
const SPACE = 0x20;

/** Takes a container's events, or those of all. */
export interface EventHandlers {
  /** The engine has answered: what happens from now on is told. */
  readonly opened: () => void;
  readonly event: (event: ContainerEvent) => void;
}

/**
 * Hands over events as they come. `wait`: for the head, and from then on for each byte where it is still set.
 *
 * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE, also for what are no events, and for one without an end; the signal's reason
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
  const answer = await link.get("/events", { ...span, filters }, wait, signal);
  const { response } = answer;
  wait.came();
  opened();
  const decoder = new EventDecoder();
  let failure: DockspoolError | undefined;
  let isEmpty = true;
  const fail = (error: DockspoolError): never => {
    failure = error;
    throw error;
  };
  const take = inPieces((piece) => {
    wait.came();
    const first = isEmpty ? piece.find((byte) => byte > SPACE) : undefined;
    isEmpty &&= first === undefined;
    if (first !== undefined && first !== OBJECT)
      fail(link.unexpected(answer, piece.toString("utf8")));
    for (const each of decode(piece)) event(each);
  });
  const decode = (piece: Buffer): ContainerEvent[] => {
    try {
      return decoder.push(piece);
    } catch {
      return fail(link.tooLong("/events", MAX_EVENT_BYTES));
    }
  };
  try {
    const end = await readBody(response, take, wait.signal);
    if (end === "cut") return end;
    // Each event ends with its line: this is an error, or something else.
    const isOther = isEmpty ? link.contact.isForeign(response.headers) : decoder.rest.trim() !== "";
    if (isOther) throw link.unexpected(answer, decoder.rest);
    return end;
  } catch (error) {
    if (failure === undefined && wait.expired) throw link.failure(error, wait, signal);
    throw error;
  }
}
