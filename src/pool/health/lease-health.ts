import { messageOf } from "../../errors.ts";
import type { LeaseTrouble } from "../../lifetime/lease.ts";
import { BOUNDS } from "./bounds.ts";
import type { Finding } from "./report.ts";

/** What is known of a pool's leases. */
export interface LeasesView {
  /** `since`: by `steadyNow()`. */
  readonly trouble: LeaseTrouble | undefined;
  /** So many containers may be followed here. */
  readonly held: number;
  /** So many containers wait for their lease. */
  readonly waiting: number;
}

/** What is wrong with the leases. Where nobody can be asked, who has a container may be gone, and nobody would follow it. */
export function leasesFinding(
  { trouble, held, waiting }: LeasesView,
  now: number,
): Finding | undefined {
  if (trouble === undefined || held + waiting === 0) return undefined;
  const { since } = trouble;
  const why = messageOf(trouble.error);
  if (waiting > 0 && now - since >= BOUNDS.troubleMs) {
    const detail = `${containers(waiting)} not followed here, and who has the lease is not known: ${why}`;
    return { status: "unhealthy", detail, since };
  }
  const detail =
    held > 0
      ? `${containers(held)} followed until the leases run out, which are not renewed: ${why}`
      : `${containers(waiting)} not followed here yet: ${why}`;
  return { status: "degraded", detail, since };
}

export function leasesDetail({ held }: LeasesView): string {
  return held === 1 ? "1 is held here" : `${held} are held here`;
}

function containers(count: number): string {
  return count === 1 ? "1 container is" : `${count} containers are`;
}
