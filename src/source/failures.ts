import { DockspoolError, messageOf } from "../errors.ts";

export function closedError(container: string): DockspoolError {
  return new DockspoolError("CLOSED", `The source of container ${container} is closed.`, {
    container,
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
