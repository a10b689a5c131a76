import { DockspoolError, asSentence, messageOf } from "../errors.ts";
import type { EndReason } from "./status.ts";

/** Nothing can be asked of a source any more. `ending`: why; a failure, or an abort's reason, is the cause. */
export function closedError(container: string, ending?: EndReason): DockspoolError {
  return new DockspoolError("CLOSED", `The source of container ${container} ${becameOf(ending)}`, {
    container,
    ...causeOf(ending),
  });
}

/** What an end has as the cause of errors that tell of it. */
export function causeOf(ending: EndReason | undefined): { readonly cause?: unknown } {
  if (ending?.kind === "failed") return { cause: ending.error };
  return ending?.kind === "aborted" ? { cause: ending.reason } : {};
}

function becameOf(ending: EndReason | undefined): string {
  switch (ending?.kind) {
    case "removed":
      return "has ended: the container was removed.";
    case "finished":
      return "has ended: the log was read to its end.";
    case "stopped":
      return "has ended: the container has stopped.";
    case "failed":
      return `has failed: ${asSentence(ending.error.message)}`;
    case "aborted":
      return "was aborted.";
    default:
      return "is closed.";
  }
}

/** Whatever was thrown, as an error of this package. */
export function asFailure(error: unknown, container: string | undefined): DockspoolError {
  if (DockspoolError.is(error)) return error;
  const message = messageOf(error);
  const what = container === undefined ? "containers" : `container ${container}`;
  return new DockspoolError("PROTOCOL", `Following ${what} failed: ${message}`, {
    container,
    cause: error,
  });
}
