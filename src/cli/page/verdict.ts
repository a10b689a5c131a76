import type { ComponentHealth, Health } from "../../index.ts";
import type { Verdict } from "./messages.ts";
import { shownText } from "./shown-text.ts";

/** So long nothing comes before that is called a standstill. */
const STILL_MS = 2_000;

/**
 * What the page says first: whether logs flow, and else why not. `containers`: so many are followed. `lastLineAt`: when a line was
 * delivered.
 */
export function verdictOf(
  health: Health,
  containers: number,
  lastLineAt: number | undefined,
  at: number,
): Verdict {
  const parts = Object.entries(health.components);
  const ill = parts
    .filter(([, { status }]) => status !== "healthy")
    .toSorted(
      ([name, one], [otherName, other]) =>
        rank(name, one) - rank(otherName, other) || one.since - other.since,
    );
  const worst = ill[0];
  if (health.status === "healthy" || worst === undefined) {
    const since = Math.max(...parts.map(([, component]) => component.since));
    return { ...healthy(health.ready, containers), since };
  }
  const [name, { detail, since }] = worst;
  const more = ill.length === 1 ? "" : ` And ${ill.length - 1} more, see Health.`;
  const sentence = `${shownText(name)}: ${shownText(detail)}`;
  const reason = `${sentence}${/[.)?]$/.test(sentence) ? "" : "."}${more}`;
  const isStill = at - (lastLineAt ?? 0) >= STILL_MS && at - since >= STILL_MS;
  const isUntaken = health.components["buffer"]?.status !== "healthy";
  if (isStill && (health.status === "unhealthy" || isUntaken))
    return { tone: "still", headline: "Capture stands still", reason, since };
  return health.status === "unhealthy"
    ? { tone: "unhealthy", headline: "Unhealthy: lines do not come as they should", reason, since }
    : { tone: "degraded", headline: "Degraded: somebody should look", reason, since };
}

function healthy(isReady: boolean, containers: number): Omit<Verdict, "since"> {
  const headline = isReady ? "Healthy: logs flow as they should" : "Healthy, and not ready yet";
  const count = `${containers} ${containers === 1 ? "container is" : "containers are"} followed.`;
  return {
    tone: "healthy",
    headline,
    reason: containers === 0 ? "No container is followed." : count,
  };
}

/** The worst first; where an engine or a store is away, nothing comes of the streams either: the cause is named before them. */
function rank(name: string, { status }: ComponentHealth): number {
  return (status === "unhealthy" ? 0 : 2) + (name === "streams" ? 1 : 0);
}
