import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError, messageOf } from "../errors.ts";
import type { Fault } from "../wire/entry.ts";
import type { ContainerInfo } from "../wire/records.ts";

export function closedError(container: string): DockspoolError {
  return new DockspoolError("CLOSED", `The source of container ${container} is closed.`, {
    container,
  });
}

/** A follow ended, and its container goes on. */
export function endedEarly({ info }: Inspection): DockspoolError {
  return new DockspoolError(
    "ENGINE_UNREACHABLE",
    `The stream ended while container ${info.name} runs.`,
    {
      container: info.id,
      transient: true,
    },
  );
}

export function beingRemoved({ id, name }: ContainerInfo): DockspoolError {
  return new DockspoolError("ENGINE_RESPONSE", `Container ${name} is being removed.`, {
    container: id,
    transient: true,
  });
}

export function cutWhileReading(): DockspoolError {
  return new DockspoolError(
    "ENGINE_UNREACHABLE",
    "The connection was cut while the log was read.",
    {
      transient: true,
    },
  );
}

/** Why a log stream can't be read any further: an error that the engine wrote into it, or bytes that are none. */
export function faultError({ id, name }: ContainerInfo, { kind, message }: Fault): DockspoolError {
  return kind === "engine-error"
    ? new DockspoolError("ENGINE_RESPONSE", `The engine reported in the log stream: ${message}`, {
        container: id,
        transient: true,
      })
    : new DockspoolError(
        "PROTOCOL",
        `What came for container ${name} is no Docker log stream: ${message}. Is there a proxy that changes bodies?`,
        { container: id },
      );
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
