import type { StoreState } from "../../checkpoint/store-state.ts";
import type { SinkReport } from "../../delivery/sink-state.ts";
import type { Untaken } from "../../queue/record-queue.ts";
import { waitsFor } from "../../source/phase.ts";
import type { EndReason } from "../../source/status.ts";
import { isReached } from "../discovery/engine-contact.ts";
import type { EngineContact } from "../discovery/engine-contact.ts";
import { checkpointFinding } from "./checkpoint-health.ts";
import { bufferFinding, sinkFinding } from "./delivery-health.ts";
import { discoveryFinding } from "./discovery-health.ts";
import type { UnsettledContainer } from "./discovery-health.ts";
import { engineFinding } from "./engine-health.ts";
import { leasesDetail, leasesFinding } from "./lease-health.ts";
import type { LeasesView } from "./lease-health.ts";
import { endedBy, worstOf } from "./report.ts";
import type { ComponentHealth, Finding, Fitness, Health } from "./report.ts";
import { isSettled, streamFindings } from "./stream-health.ts";
import type { FollowedStream, StreamPlan } from "./stream-health.ts";
import { steadyNow, toEpoch } from "../../lifetime/steady-clock.ts";

/** One engine of the pool. */
export interface EngineView {
  readonly name: string;
  readonly contact: EngineContact;
  /** Since when its events come; this and the next by `steadyNow()`. */
  readonly soundSince: number;
  readonly lastLookAt: number | undefined;
  /** The first list is done, or none is wanted, and what was found is dealt with. */
  readonly isListed: boolean;
  readonly unsettled: readonly UnsettledContainer[];
  /** So many containers are followed by other pools. */
  readonly standby: number;
}

/** What a pool's health is read from: the states of its parts, as they are now. */
export interface HealthView {
  /** Why it is being closed, or has ended; undefined while it goes on. */
  readonly ending: EndReason | undefined;
  /** Since when, by `steadyNow()`. */
  readonly endingSince: number | undefined;
  readonly engines: readonly EngineView[];
  readonly streams: readonly FollowedStream[];
  readonly plan: StreamPlan;
  readonly sinks: readonly SinkReport[];
  readonly untaken: Untaken | undefined;
  /** Since when reading waits for room in the pool's buffer, by `steadyNow()`. */
  readonly fullSince: number | undefined;
  /** Undefined: positions are not kept. */
  readonly store: StoreState | undefined;
  /** Undefined: every container is followed without a lease. */
  readonly leases: LeasesView | undefined;
}

/** What a component is where nothing is wrong with it. */
interface Component {
  readonly name: string;
  readonly detail: string;
  readonly findings: readonly Finding[];
  /** Since when nothing was wrong as far as it knows itself, by `steadyNow()`; undefined where it keeps no account of that. */
  readonly soundSince?: number;
}

/** What the looks so far have found. By `steadyNow()`. */
type Memory =
  | { readonly kind: "well"; readonly since: number }
  | { readonly kind: "ill"; readonly at: number };

/**
 * A pool's health: read from its parts whenever it is asked for, with a memory for how long a component has been well. Nothing looks on its
 * own, so a component that does not tell when it became well again became so when a look finds it.
 */
export class PoolHealth {
  readonly #view: () => HealthView;
  readonly #memory = new Map<string, Memory>();
  readonly #begunAt = steadyNow();
  #wasReady = false;

  constructor(view: () => HealthView) {
    this.#view = view;
  }

  look(now: number = steadyNow()): Health {
    const view = this.#view();
    const ready = this.#isReady(view);
    const components: Record<string, ComponentHealth> = {};
    for (const component of componentsOf(view, now))
      components[component.name] = this.#judge(component, now, view);
    // Sinks come and go.
    for (const name of this.#memory.keys())
      if (!Object.hasOwn(components, name)) this.#memory.delete(name);
    return { status: statusOf(view, Object.values(components)), ready, components };
  }

  get isReady(): boolean {
    return this.#isReady(this.#view());
  }

  /** In words: what is ill, or else what is waited for. */
  whyNotReady(): string {
    const ill = Object.entries(this.look().components).filter(
      ([, { status }]) => status !== "healthy",
    );
    const worst = ill.find(([, { status }]) => status === "unhealthy") ?? ill[0];
    if (worst !== undefined) return `${worst[0]}: ${worst[1].detail}`;
    const { engines, streams } = this.#view();
    const unlisted = engines.find(({ isListed }) => !isListed);
    const looking = unlisted?.unsettled.find(({ kind }) => kind === "looking");
    if (looking?.error !== undefined) return `${looking.name}: ${looking.error.message}`;
    if (looking !== undefined) return `${looking.name} waits for the engine's answer about it`;
    if (unlisted !== undefined) return `engine:${unlisted.name}: its containers are being listed`;
    const opening = streams.find(({ phase }) => !isSettled(phase));
    if (opening?.trouble !== undefined)
      return `${opening.name} is not followed yet: ${opening.trouble.error.message}`;
    const what = opening === undefined ? undefined : waitsFor(opening.phase);
    return `${opening?.name ?? "a container"} waits for ${what ?? "its stream"}`;
  }

  #isReady(view: HealthView): boolean {
    if (view.ending !== undefined) return false;
    this.#wasReady ||=
      view.engines.every(({ contact, isListed }) => isReached(contact) && isListed) &&
      view.streams.every(({ phase }) => isSettled(phase));
    return this.#wasReady;
  }

  #judge(
    { name, detail, findings, soundSince = this.#begunAt }: Component,
    now: number,
    { ending, endingSince = now }: HealthView,
  ): ComponentHealth {
    if (ending !== undefined)
      return { status: "unhealthy", detail: endedBy(ending), since: toEpoch(endingSince) };
    const worst = worstOf(findings);
    if (worst !== undefined) {
      this.#memory.set(name, { kind: "ill", at: now });
      return { ...worst, since: toEpoch(worst.since) };
    }
    const since = wellSince(this.#memory.get(name), soundSince, now);
    this.#memory.set(name, { kind: "well", since });
    return { status: "healthy", detail, since: toEpoch(since) };
  }
}

function wellSince(memory: Memory | undefined, soundSince: number, now: number): number {
  if (memory === undefined) return soundSince;
  if (memory.kind === "well") return Math.max(memory.since, soundSince);
  return soundSince > memory.at ? soundSince : now;
}

function componentsOf(view: HealthView, now: number): Component[] {
  const { engines, streams, plan, sinks, untaken, fullSince, store, leases } = view;
  const components: Component[] = engines.map(({ name, contact, soundSince, lastLookAt }) => ({
    name: `engine:${name}`,
    detail: "connected",
    soundSince,
    findings: allOf([contact], (one) => engineFinding(one, lastLookAt, now)),
  }));
  const unsettled = engines.flatMap((engine) => engine.unsettled);
  const standby = engines.reduce((sum, engine) => sum + engine.standby, 0);
  components.push(
    {
      name: "discovery",
      detail: "all containers that were found are dealt with",
      findings: allOf(unsettled, (container) => discoveryFinding(container, now)),
    },
    {
      name: "streams",
      detail:
        followed(streams.length, unsettled.length > 0, standby > 0) +
        fromFiles(streams) +
        waiting(standby, leases),
      findings: streamFindings(streams, plan, now),
    },
    {
      name: "buffer",
      detail: "what is read is taken",
      findings: allOf([untaken], (one) => bufferFinding(one, fullSince, now)),
    },
  );
  for (const { name, state, soundSince } of sinks)
    components.push({
      name: `delivery:${name}`,
      detail: "delivers what comes",
      soundSince,
      findings: allOf([state], (one) => sinkFinding(one, now)),
    });
  if (store !== undefined)
    components.push({
      name: "checkpoints",
      detail: "saved as they change",
      ...(store.type === "working" && { soundSince: store.since }),
      findings: allOf([store], (one) => checkpointFinding(one, now)),
    });
  if (leases !== undefined)
    components.push({
      name: "leases",
      detail: leasesDetail(leases),
      findings: allOf([leases], (one) => leasesFinding(one, now)),
    });
  return components;
}

/** Most of thousands of containers have none. */
function allOf<T>(parts: readonly T[], find: (part: T) => Finding | undefined): Finding[] {
  const findings: Finding[] = [];
  for (const part of parts) {
    const finding = find(part);
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

function followed(containers: number, isUnsettled: boolean, hasStandby: boolean): string {
  if (containers === 0 && hasStandby) return "no container is followed here";
  if (containers === 0)
    return isUnsettled
      ? "no container is followed, see discovery"
      : "no container is followed: none that was found is wanted";
  return containers === 1 ? "1 container is followed" : `${containers} containers are followed`;
}

function fromFiles(streams: readonly FollowedStream[]): string {
  const count = streams.filter(({ via }) => via === "files").length;
  if (count === 0) return "";
  return count === streams.length ? ", from files" : `, ${count} of them from files`;
}

function waiting(standby: number, leases: LeasesView | undefined): string {
  if (standby === 0) return "";
  const why = leases?.trouble === undefined ? "whose lease another pool has" : "see leases";
  return `; ${standby} on standby, ${why}`;
}

/** One engine of several may be gone: the others go on. */
function statusOf({ ending, engines }: HealthView, all: readonly ComponentHealth[]): Fitness {
  if (ending !== undefined) return "unhealthy";
  const isAlone = engines.every(({ contact }) => !isReached(contact));
  if (isAlone) return "unhealthy";
  const ill = all.filter(({ status }) => status !== "healthy");
  if (ill.length === 0) return "healthy";
  const lost = engines.filter(({ contact }) => !isReached(contact)).length;
  const unhealthy = ill.filter(({ status }) => status === "unhealthy").length;
  return unhealthy > lost ? "unhealthy" : "degraded";
}
