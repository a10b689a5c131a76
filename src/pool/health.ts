import type { CheckpointKeeper } from "../checkpoint/keeper.ts";
import { failureOf } from "../delivery/sink-state.ts";
import type { SinkReport } from "../delivery/sink-state.ts";
import { messageOf } from "../errors.ts";
import type { SourceState } from "../source/status.ts";
import type { EngineContact } from "./discovery/engine-contact.ts";

/** Degraded: it goes on, and somebody should look. Unhealthy: nothing comes that way. */
export type Fitness = "healthy" | "degraded" | "unhealthy";

export interface ComponentHealth {
  readonly status: Fitness;
  /** For people. */
  readonly detail: string;
}

/** As it is now. `status` is the worst of the components', but "degraded" as long as one engine can be reached. */
export interface Health {
  readonly status: Fitness;
  /** `engine:<name>` for each, `streams`, `sink:<name>` for each that is being retried, and `checkpoints` where they are kept. */
  readonly components: Readonly<Record<string, ComponentHealth>>;
}

export interface HealthParts {
  readonly engines: ReadonlyMap<string, EngineContact>;
  /** Of each source. */
  readonly states: readonly SourceState[];
  readonly sinks: readonly SinkReport[];
  readonly keeper: CheckpointKeeper | undefined;
}

export function healthOf({ engines, states, sinks, keeper }: HealthParts): Health {
  const components: Record<string, ComponentHealth> = {};
  for (const [name, contact] of engines) components[`engine:${name}`] = engineHealth(contact);
  components["streams"] = streamHealth(states);
  for (const { name, state } of sinks) {
    const failure = failureOf(state);
    if (failure !== undefined)
      components[`sink:${name}`] = degraded(
        `attempt ${failure.attempts} failed: ${messageOf(failure.error)}`,
      );
  }
  if (keeper !== undefined) {
    const { failure } = keeper;
    components["checkpoints"] =
      failure === undefined ? healthy("saved as they change") : degraded(failure.message);
  }
  const all = Object.values(components).map(({ status }) => status);
  const isAlive = [...engines.values()].some(({ kind }) => kind !== "disconnected");
  const status = !isAlive ? "unhealthy" : all.every(isHealthy) ? "healthy" : "degraded";
  return { status, components };
}

function engineHealth(contact: EngineContact): ComponentHealth {
  switch (contact.kind) {
    case "disconnected":
      return { status: "unhealthy", detail: messageOf(contact.error) };
    case "blind":
      return degraded(`its events can't be had: ${messageOf(contact.error)}`);
    case "late":
      return degraded("its events are held back, so its containers are listed every two seconds");
    case "listening":
      return healthy("connected");
    default:
      return healthy("not asked yet");
  }
}

function streamHealth(states: readonly SourceState[]): ComponentHealth {
  const lost = states.filter((state) => state === "reconnecting").length;
  return lost === 0
    ? healthy(`${states.length} containers followed`)
    : degraded(`${lost} of ${states.length} containers' streams are being opened again`);
}

function isHealthy(status: Fitness): boolean {
  return status === "healthy";
}

function healthy(detail: string): ComponentHealth {
  return { status: "healthy", detail };
}

function degraded(detail: string): ComponentHealth {
  return { status: "degraded", detail };
}
