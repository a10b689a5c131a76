import type { Target } from "./plan.ts";

/** One request that a client has sent. */
export interface Asked {
  readonly target: Exclude<Target, "all">;
  /** Where it is for a log: whose. */
  readonly container: string | undefined;
}

/** What a request asks for, by the target in its head. */
export function askedBy(path: string): Asked {
  const log = /^(?:\/v[\d.]+)?\/containers\/([^/?]+)\/logs/.exec(path)?.[1];
  if (log !== undefined) return { target: "logs", container: decodeURIComponent(log) };
  const isEvents = /^(?:\/v[\d.]+)?\/events(\?|$)/.test(path);
  return { target: isEvents ? "events" : "other", container: undefined };
}
