import type { CheckpointKeeper } from "../checkpoint/keeper.ts";
import { failureOf } from "../delivery/sink-state.ts";
import type { SinkReport } from "../delivery/sink-state.ts";
import { messageOf } from "../errors.ts";
import type { SourceState } from "../source/status.ts";

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

/** Whether an engine's events are listened to: undefined until that was tried. */
export interface EngineContact {
  readonly isConnected: boolean | undefined;
  readonly error: unknown;
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
  const isAlive = [...engines.values()].some(({ isConnected }) => isConnected !== false);
  const status = !isAlive ? "unhealthy" : all.every(isHealthy) ? "healthy" : "degraded";
  return { status, components };
}

function engineHealth({ isConnected, error }: EngineContact): ComponentHealth {
  if (isConnected === false) return { status: "unhealthy", detail: messageOf(error) };
  return healthy(isConnected === undefined ? "not asked yet" : "connected");
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
