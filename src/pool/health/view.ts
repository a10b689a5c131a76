import type { CheckpointKeeper } from "../../checkpoint/keeper.ts";
import type { Consumption } from "../../queue/consumption.ts";
import type { EndReason } from "../../source/status.ts";
import { isReached } from "../discovery/engine-contact.ts";
import type { EngineMember } from "../engine-member.ts";
import type { ResolvedPoolOptions } from "../options.ts";
import type { Roster } from "../roster.ts";
import type { EngineView, HealthView } from "./health.ts";
import type { StreamPlan } from "./stream-health.ts";

/** The parts of a pool. */
export interface PoolParts {
  readonly options: ResolvedPoolOptions;
  readonly members: Iterable<EngineMember>;
  readonly roster: Roster;
  readonly consumption: Consumption;
  readonly keeper: CheckpointKeeper | undefined;
  readonly ending: EndReason | undefined;
}

/** What a pool's parts say of themselves; what there is of each container is put together only where it is asked for. */
export function viewOf(parts: PoolParts): HealthView {
  const { options, members, roster, consumption, keeper, ending } = parts;
  return {
    ending,
    engines: Array.from(members, (member) => engineView(member, options.discover)),
    get streams() {
      return roster.streams;
    },
    plan: planOf(options, roster.sources.size),
    sinks: consumption.sinks,
    get untaken() {
      return consumption.untaken;
    },
    fullSince: roster.fullSince,
    store: keeper?.state,
  };
}

function engineView({ name, events, discovery }: EngineMember, discovers: boolean): EngineView {
  const { contact, lastLookAt } = events;
  const hasLooked = discovers ? discovery.hasLooked : isReached(contact);
  return {
    name,
    contact,
    lastLookAt,
    isListed: hasLooked && discovery.isSettled,
    get unsettled() {
      return discovery.unsettled;
    },
  };
}

function planOf(
  { rotation, maxStreams, timeSliceMs }: ResolvedPoolOptions,
  containers: number,
): StreamPlan {
  const turns = Math.ceil(containers / maxStreams);
  return {
    rotateEveryMs: rotation === false ? undefined : rotation.everyMs * (1 + rotation.jitter),
    roundMs: turns * timeSliceMs,
  };
}
