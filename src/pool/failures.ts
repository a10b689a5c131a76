import { DockspoolError, messageOf } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";

export function poolClosed(): DockspoolError {
  return new DockspoolError("CLOSED", "The pool is closed.");
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
