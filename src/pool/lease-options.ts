import { checkMethods } from "../checks.ts";
import type { CheckpointStore } from "../checkpoint/store.ts";
import { invalidOption } from "../errors.ts";
import type { Leases } from "../lifetime/lease.ts";

/** Whoever takes over goes on from what was saved. @throws DockspoolError INVALID_OPTION */
export function checkLeases(
  leases: Leases | undefined,
  checkpoints: CheckpointStore | undefined,
): void {
  if (leases === undefined) return;
  checkMethods("leases", leases, ["acquire"], "an object with acquire()");
  if (checkpoints === undefined)
    throw invalidOption("leases", leases, "together with checkpoints that all pools share");
}
