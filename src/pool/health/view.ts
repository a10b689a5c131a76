import type { CheckpointKeeper } from "../../checkpoint/keeper.ts";
import type { Tally } from "../../metrics/tally.ts";
import type { Consumption } from "../../queue/consumption.ts";
import { fromEpoch } from "../../lifetime/steady-clock.ts";
import type { EndReason } from "../../source/status.ts";
import { isReached } from "../discovery/engine-contact.ts";
import type { FollowedContainers } from "../followed-containers.ts";
import type { ResolvedPoolOptions } from "../options.ts";
import type { PoolEngine } from "../pool-engine.ts";
import type { PoolEngines } from "../pool-engines.ts";
import type { EngineView, HealthView } from "./health.ts";
import type { LeasesView } from "./lease-health.ts";
import type { StreamPlan } from "./stream-health.ts";

/** The parts of a pool. */
export interface PoolParts {
  readonly options: ResolvedPoolOptions;
  readonly engines: PoolEngines;
  readonly followed: FollowedContainers;
  readonly consumption: Consumption;
  readonly keeper: CheckpointKeeper | undefined;
  readonly tally: Tally;
  readonly ending: EndReason | undefined;
  /** By `steadyNow()`. */
  readonly endingSince: number | undefined;
}

/** What a pool's parts say of themselves; what there is of each container is put together only where it is asked for. */
export function viewOf(parts: PoolParts): HealthView {
  const { options, engines, followed, consumption, keeper, ending, endingSince } = parts;
  return {
    ending,
    endingSince,
    engines: Array.from(engines, (engine) => engineView(engine, options.discover)),
    get streams() {
      return followed.streams;
    },
    plan: planOf(options, followed.sources.size),
    sinks: consumption.sinks,
    get untaken() {
      return consumption.untaken;
    },
    fullSince: followed.fullSince,
    store: keeper?.state,
    leases: leasesView(parts),
  };
}

function engineView(
  { name, events, discovery, leased }: PoolEngine,
  discovers: boolean,
): EngineView {
  const { contact, soundSince, lastLookAt } = events;
  const hasLooked = discovers ? discovery.hasLooked : isReached(contact);
  return {
    name,
    contact,
    soundSince,
    lastLookAt,
    isListed: hasLooked && discovery.isSettled,
    standby: leased?.standby ?? 0,
    get unsettled() {
      return discovery.unsettled;
    },
  };
}

function leasesView({ options, engines }: PoolParts): LeasesView | undefined {
  if (options.leases === undefined) return undefined;
  let held = 0;
  let waiting = 0;
  for (const { leased } of engines) {
    held += leased?.held ?? 0;
    waiting += leased?.waiting ?? 0;
  }
  const { trouble } = options.leases;
  const told = trouble && { ...trouble, since: fromEpoch(trouble.since) };
  return { trouble: told, held, waiting };
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
