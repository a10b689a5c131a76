import { types } from "node:util";
import { toUtc } from "../wire/timestamps.ts";

/** Where reading begins. `since` means from the first line, in log order, at or after that time. */
export type From = "start" | "now" | { tail: number } | { since: Date | string };

/** In UTC; undefined where it is no time. */
export function sinceTimestamp(since: unknown): string | undefined {
  if (types.isDate(since))
    return Number.isNaN(since.getTime()) ? undefined : toUtc(since.toISOString());
  return typeof since === "string" ? toUtc(since) : undefined;
}

/** Reading begins only later: what is done to the caller's object until then is no matter here. */
export function ownFrom(from: From): From {
  if (typeof from === "string") return from;
  return "since" in from && from.since !== undefined
    ? { since: sinceTimestamp(from.since) ?? from.since }
    : { ...from };
}
