import type { TaskLine } from "../wire/task-lines.ts";

/** One line of a service's log. */
export interface ServiceLogLine extends TaskLine {
  readonly kind: "line";
  /** The service's name. */
  readonly service: string;
}

/**
 * The log is read again from `since` on, after a lost connection or a long silence: what was delivered is left out, and lines older
 * than that which had not come may be missing.
 */
export interface ServiceLogReopened {
  readonly kind: "reopened";
  readonly service: string;
  readonly since: string | undefined;
}

export type ServiceLogRecord = ServiceLogLine | ServiceLogReopened;
