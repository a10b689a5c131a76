import { DockspoolError } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";

export function beingRemoved({ id, name }: ContainerInfo): DockspoolError {
  return new DockspoolError("ENGINE_RESPONSE", `Container ${name} is being removed.`, {
    container: id,
    transient: true,
  });
}
