import type { ServerResponse } from "node:http";
import type { Body } from "./body.ts";
import type { Clock } from "./clock.ts";
import { type EngineEvent, type EventHub, matchesEvent } from "./event-hub.ts";
import { BadRequest, filters, time } from "./query.ts";

/** The clock may be stepped meanwhile. */
const LOOK_EVERY_MS = 1_000;

/**
 * Answers /events: kept ones where `since` or `until` asks for them, then live ones. Returns how to stop. `isPodman`: `stream=false`
 * asks for those that there are, and of a time that has passed hardly any come.
 */
export function respondWithEvents(
  hub: EventHub,
  clock: Clock,
  query: URLSearchParams,
  response: ServerResponse,
  body: Body,
  isPodman: boolean,
): () => void {
  const [since, until] = [time(query, "since"), time(query, "until")];
  const wanted = filters(query);
  if (since !== undefined && until !== undefined && since > until) {
    throw new BadRequest("`since` time cannot be after `until` time");
  }
  response.writeHead(200, { "Content-Type": "application/json" });
  body.begin();
  const send = (event: EngineEvent): void => {
    if (until !== undefined && event.time > until) return;
    if (matchesEvent(event, wanted)) body.write(Buffer.from(event.json));
  };
  const leftMs = (): number =>
    until === undefined ? Infinity : Number(until / 1_000_000n) - clock.now();
  const isOver = leftMs() <= 0;
  const isPastAlone = isPodman && query.get("stream") === "false";
  const isPastWanted = since !== undefined || until !== undefined || isPastAlone;
  if (isPastWanted && !(isPodman && isOver))
    for (const event of hub.kept) if (event.time >= (since ?? 0n)) send(event);
  if (isOver || isPastAlone) {
    body.end();
    return () => {};
  }
  const stopListening = hub.listen(send);
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const ms = leftMs();
    if (ms > 0) {
      timer = setTimeout(look, Math.min(ms, LOOK_EVERY_MS));
      return;
    }
    stopListening();
    body.end();
  };
  if (until !== undefined) look();
  return () => {
    clearTimeout(timer);
    stopListening();
  };
}
