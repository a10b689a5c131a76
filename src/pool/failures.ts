import { DockspoolError, asSentence, messageOf } from "../errors.ts";
import { causeOf } from "../source/failures.ts";
import type { EndReason } from "../source/status.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { endedBy } from "./health/report.ts";

/** Nothing can be asked of a pool any more. `ending`: why; a failure, or an abort's reason, is the cause. */
export function poolClosed(ending: EndReason): DockspoolError {
  const message = asSentence(endedBy(ending).replace(/^the /, "The "));
  return new DockspoolError("CLOSED", message, causeOf(ending));
}

export function notFound({ id, name }: ContainerInfo): DockspoolError {
  return new DockspoolError(
    "CONTAINER_NOT_FOUND",
    `Container ${name} was removed before its log could be read.`,
    { container: id },
  );
}

/** `container`: as the caller named it. */
export function notFollowed(container: string): DockspoolError {
  return new DockspoolError("CONTAINER_NOT_FOUND", `Container ${container} is not followed.`, {
    container,
  });
}

/** @throws DockspoolError LOGS_UNREADABLE, where that is known without asking */
export function checkReadable({ id, name, logDriver }: ContainerInfo): void {
  if (logDriver !== "none") return;
  throw new DockspoolError(
    "LOGS_UNREADABLE",
    `Container ${name} has the log driver "none", which keeps nothing that could be read.`,
    { container: id },
  );
}

/** `how`: "iterated". */
export function alreadyConsumed(how: string): DockspoolError {
  return new DockspoolError(
    "ALREADY_CONSUMED",
    `The pool is ${how} already; a second reader needs a pool of its own.`,
  );
}

/** What outlived the deadlines of `close()`. */
export function stillRunning(errors: readonly unknown[]): DockspoolError {
  return new DockspoolError("TASKS_STILL_RUNNING", errors.map(messageOf).join(" "), {
    cause: new AggregateError(errors),
  });
}
