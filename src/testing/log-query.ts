import type { LogEntry } from "./log-entry.ts";
import type { Profile } from "./profile.ts";
import { BadRequest, flag, time } from "./query.ts";

/** A log request's parameters. */
export interface LogQuery {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly timestamps: boolean;
  /** Each entry's attributes stand before it. */
  readonly details: boolean;
  /** Entries, of both streams; Infinity for all. */
  readonly tail: number;
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
}

export function parseLogQuery(query: URLSearchParams): LogQuery {
  const [stdout, stderr] = [flag(query, "stdout"), flag(query, "stderr")];
  if (!stdout && !stderr) {
    throw new BadRequest("Bad parameters: you must choose at least one stream");
  }
  const tail = query.get("tail") ?? "all";
  return {
    follow: flag(query, "follow"),
    stdout,
    stderr,
    timestamps: flag(query, "timestamps"),
    details: flag(query, "details"),
    tail: /^\d+$/.test(tail) ? Number(tail) : Infinity,
    since: time(query, "since"),
    until: time(query, "until"),
  };
}

/** Decides which of the entries, in log order, one response carries. */
export class LogFilter {
  readonly #query: LogQuery;
  readonly #since: Profile["since"];
  #passed = false;

  constructor(query: LogQuery, since: Profile["since"]) {
    this.#query = query;
    this.#since = since;
  }

  passes(entry: LogEntry): boolean {
    return this.#isLateEnough(entry) && this.#isChosen(entry);
  }

  isPast(entry: LogEntry): boolean {
    return this.#query.until !== undefined && entry.time > this.#query.until;
  }

  #isLateEnough(entry: LogEntry): boolean {
    const { since } = this.#query;
    if (since === undefined) return true;
    if (this.#since === "exclusive") return entry.time > since;
    if (this.#since === "per-line") return entry.time >= since;
    this.#passed ||= entry.time >= since;
    return this.#passed;
  }

  #isChosen(entry: LogEntry): boolean {
    return entry.stream === "stderr" ? this.#query.stderr : this.#query.stdout;
  }
}
