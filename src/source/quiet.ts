import type { Measured } from "./figures.ts";

/** Since when it has been listened to what comes; undefined while nothing can come. By `performance.now()`. */
export function quietSince({ phase, buffer, streams, turn }: Measured): number | undefined {
  if (phase.type === "following" && !buffer.needsRoom) return streams.listensSince;
  // Its last turn brought nothing, and the next one comes when others allow it.
  return phase.type === "waiting" && turn.interest === "idle" ? -Infinity : undefined;
}
