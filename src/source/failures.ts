import { DockspoolError, messageOf } from "../errors.ts";
import type { EndReason } from "./status.ts";

/** `ending`: why it is closed; a failure is the cause. */
export function closedError(container: string, ending?: EndReason): DockspoolError {
  const cause = ending?.kind === "failed" ? { cause: ending.error } : {};
  return new DockspoolError("CLOSED", `The source of container ${container} is closed.`, {
    container,
    ...cause,
  });
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
