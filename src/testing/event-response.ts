import type { ServerResponse } from "node:http";
import type { Body } from "./body.ts";
import { type EngineEvent, type EventHub, matchesEvent } from "./event-hub.ts";
import { BadRequest, filters, time } from "./query.ts";

/** Node's longest timer; a later end never comes within a test. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Answers /events: kept ones where `since` or `until` asks for them, then live ones. Returns how to stop. */
export function respondWithEvents(
  hub: EventHub,
  query: URLSearchParams,
  response: ServerResponse,
  body: Body,
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
  if (since !== undefined || until !== undefined) {
    for (const event of hub.kept) if (event.time >= (since ?? 0n)) send(event);
  }
  const leftMs = until === undefined ? Infinity : Number(until / 1_000_000n) - Date.now();
  if (leftMs <= 0) {
    body.end();
    return () => {};
  }
  const stopListening = hub.listen(send);
  const end = (): void => {
    stopListening();
    body.end();
  };
  const timer = leftMs > LONGEST_TIMER_MS ? undefined : setTimeout(end, leftMs);
  return () => {
    clearTimeout(timer);
    stopListening();
  };
}
