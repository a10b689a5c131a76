import type { DockspoolError } from "../errors.ts";
import { inPieces, readBody } from "./body.ts";
import type { ByteDeadline } from "./byte-deadline.ts";
import type { Query } from "./dial.ts";
import type { EngineLink } from "./engine-link.ts";
import { MAX_EVENT_BYTES } from "./events.ts";
import type { ContainerEvent } from "./events.ts";

const OBJECT = 0x7b;
/** And what is below it, line ends for one. */
const SPACE = 0x20;

/** Takes events: a container's, or those of all. */
export interface EventHandlers<T = ContainerEvent> {
  /** The engine has answered: what happens from now on is told. */
  readonly opened: () => void;
  readonly event: (event: T) => void;
}

/** Makes events of an answer's bytes. */
export interface EventReader<T> {
  /** @throws RangeError where an event has no end */
  readonly push: (chunk: Buffer) => T[];
  /** What came behind the last whole event. */
  readonly rest: string;
}

/** Asks for a container's events, or for those of all containers. */
export function containerFilter(container: string | undefined): Query {
  const filters =
    container === undefined
      ? { type: ["container", "network"] }
      : { type: ["container"], container: [container] };
  return { filters: JSON.stringify(filters) };
}

/**
 * Hands over events as they come. `wait`: for the head, and from then on for each byte where it is still set.
 *
 * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE, also for what are no events, and for one without an end; the signal's reason
 */
export async function readEvents<T>(
  link: EngineLink,
  query: Query,
  decoder: EventReader<T>,
  { opened, event }: EventHandlers<T>,
  wait: ByteDeadline,
  signal: AbortSignal,
): Promise<"complete" | "cut"> {
  const answer = await link.get("/events", query, wait, signal);
  wait.came();
  opened();
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
  const decode = (piece: Buffer): T[] => {
    try {
      return decoder.push(piece);
    } catch {
      return fail(link.tooLong("/events", MAX_EVENT_BYTES));
    }
  };
  try {
    const end = await readBody(answer.body, take, wait.signal);
    if (end === "cut") return end;
    // Each event ends with its line: this is an error, or something else.
    const isOther = isEmpty ? link.contact.isForeign(answer.headers) : decoder.rest.trim() !== "";
    if (isOther) throw link.unexpected(answer, decoder.rest);
    return end;
  } catch (error) {
    if (failure === undefined && wait.expired) throw link.failure(error, wait, signal);
    throw error;
  }
}
