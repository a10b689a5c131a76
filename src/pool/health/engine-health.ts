import { messageOf } from "../../errors.ts";
import type { EngineContact } from "../discovery/engine-contact.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** An events stream that ended is opened again at once; only where that takes longer is it worth a word. */
const RECONNECT_MS = 5_000;
/** Every engine is listed twice a minute. */
const LISTED_MS = 120_000;

/** What is wrong with the contact to an engine. `lastLookAt`: when it was listed last, in epoch milliseconds. */
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
        return { status: "unhealthy", detail: "asked, and has not answered yet", since };
      if (now - since < RECONNECT_MS) return undefined;
      return { status: "degraded", detail: "its events are being asked for again", since };
    case "disconnected":
      return { status: "unhealthy", detail: messageOf(contact.error), since };
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
      if (now - listedAt < LISTED_MS) return undefined;
      const detail = `its containers could not be listed for ${span(now - listedAt)}`;
      return { status: "degraded", detail, since: listedAt };
    }
  }
}
