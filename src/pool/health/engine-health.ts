import { DockspoolError, messageOf } from "../../errors.ts";
import type { EngineContact } from "../discovery/engine-contact.ts";
import { BOUNDS } from "./bounds.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** What is wrong with the contact to an engine. `lastLookAt`: when it was listed last, by `steadyNow()`. */
export function engineFinding(
  contact: EngineContact,
  lastLookAt: number | undefined,
  now: number,
): Finding | undefined {
  const { since } = contact;
  switch (contact.kind) {
    case "not asked":
      return { status: "unhealthy", detail: "not asked yet: the pool has not begun", since };
    case "connecting":
      if (!contact.wasReached)
        return {
          status: "unhealthy",
          detail: "asked, and its containers are not listed yet",
          since,
        };
      if (now - since < BOUNDS.eventsMs) return undefined;
      return { status: "degraded", detail: "its events are being asked for again", since };
    case "disconnected":
      return { status: "unhealthy", detail: whyLost(contact), since };
    case "deaf": {
      const detail =
        "its events had stopped without a word, so that changes show in its list only, twice a minute";
      return { status: "degraded", detail, since };
    }
    case "blind": {
      const detail = `its events can't be had, so it is listed every two seconds: ${messageOf(contact.error)}`;
      return { status: "degraded", detail, since };
    }
    case "late": {
      const detail = "its events are held back, so it is listed every two seconds";
      return { status: "degraded", detail, since };
    }
    default: {
      const listedAt = lastLookAt ?? since;
      if (now - listedAt < BOUNDS.listedMs) return undefined;
      const detail = `its containers could not be listed for ${span(now - listedAt)}`;
      return { status: "degraded", detail, since: listedAt };
    }
  }
}

/** Before containers can be listed, it has to be known what was saved of them. */
function whyLost({ error, attempts }: Extract<EngineContact, { kind: "disconnected" }>): string {
  const isStore = DockspoolError.is(error, "CHECKPOINT_UNREADABLE");
  if (isStore) return `waits for the checkpoint store: ${messageOf(error)}`;
  return `attempt ${attempts} failed: ${messageOf(error)}`;
}
