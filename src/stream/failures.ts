import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError, asSentence } from "../errors.ts";
import type { Fault } from "../wire/entry.ts";
import type { ContainerInfo } from "../wire/records.ts";

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

export function cutWhileReading(): DockspoolError {
  return new DockspoolError(
    "ENGINE_UNREACHABLE",
    "The connection was cut while the log was read.",
    {
      transient: true,
    },
  );
}

/** What an engine reports of a record that it can't decode. */
const UNDECODABLE =
  /invalid character|unexpected (?:EOF|end of JSON)|unmarshal|proto: |message is too large/i;

/** The engine has come to a damaged record, and says so (Docker 26). */
export function isDamage({ kind, message }: Fault): boolean {
  return kind === "engine-error" && UNDECODABLE.test(message);
}

/** Why a log stream can't be read any further: an error that the engine wrote into it, or bytes that are none. */
export function faultError(
  { id, name }: Pick<ContainerInfo, "id" | "name">,
  { kind, message }: Fault,
): DockspoolError {
  return kind === "engine-error"
    ? new DockspoolError("ENGINE_RESPONSE", `The engine reported in the log stream: ${message}`, {
        container: id,
        transient: true,
      })
    : new DockspoolError(
        "PROTOCOL",
        `What came for container ${name} is no Docker log stream: ${asSentence(message)} Is there a proxy that changes bodies?`,
        { container: id },
      );
}
