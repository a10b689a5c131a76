import { record, string } from "./json.ts";

/** What an engine says of itself where it can't do what it is asked: Docker's `{"message"}`, Podman's `{"cause", "message", "response"}`. */
export interface EngineWord {
  readonly message: string;
  /** Podman's; else empty. */
  readonly cause: string;
  /** Podman's own status, which may stand in an answer with 200. */
  readonly status: number | undefined;
}

/** What a word means, as far as that needs more than another try. */
export type Meaning = "gone" | "ambiguous" | "unreadable" | "being removed" | "damaged log";

/** Reads the body of an answer; undefined where it is no engine's. */
export function parseWord(body: string): EngineWord | undefined {
  const { message, cause, response } = record(parse(body));
  if (typeof message !== "string") return undefined;
  const status = typeof response === "number" ? response : undefined;
  return { message: message.trim().replace(/\.$/, ""), cause: string(cause), status };
}

/**
 * Only an engine's own words are proof: any 404 may be that of whoever else stands at the address.
 * (moby, `daemon/container.go`, `daemon/logs.go`; Podman, `libpod/define/errors.go`, `libpod/logs/log.go`. The same since the oldest that are followed.)
 */
export function meaningOf({ message, cause }: EngineWord, status: number): Meaning | undefined {
  if (/no such container/i.test(cause)) return "gone";
  if (status === 404 && /no such container/i.test(message)) return "gone";
  if (/multiple IDs found|more than one result for/i.test(message)) return "ambiguous";
  if (/does not support reading|not logging output/i.test(`${message} ${cause}`))
    return "unreadable";
  if (/marked for removal|removal .*in progress|being removed/i.test(message))
    return "being removed";
  if (/not a valid container log line|time .*from container log|parsing time/i.test(message))
    return "damaged log";
  return undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
