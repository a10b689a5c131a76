import { record, string } from "./json.ts";

/** As a container's healthcheck has found it. */
export type ContainerHealth = "starting" | "healthy" | "unhealthy";

/** How a container's run ended. */
export interface Exit {
  /** Of its first process; 128 + N where signal N has ended it. */
  readonly exitCode: number;
  /** The kernel has killed a process of it for its memory. */
  readonly oomKilled: boolean;
}

/** Docker: "health_status: healthy"; Podman puts it into an attribute. */
const HEALTH_EVENT = /^health_status(?:: (.*))?$/;

/** How its last run ended, in the `State` of an inspection; undefined where that is not said. */
export function exitOf(state: Readonly<Record<string, unknown>>): Exit | undefined {
  const exitCode = state["ExitCode"];
  if (typeof exitCode !== "number") return undefined;
  return { exitCode, oomKilled: state["OOMKilled"] === true };
}

/** Undefined where it has no healthcheck. Podman 4 calls the field `Healthcheck`. */
export function healthOf(state: Readonly<Record<string, unknown>>): ContainerHealth | undefined {
  return knownHealth(record(state["Health"] ?? state["Healthcheck"])["Status"]);
}

/** What an event tells of a container's condition. */
export interface ConditionEvent {
  /** With "die". */
  readonly exitCode?: number;
  readonly health?: ContainerHealth;
}

export function conditionOfEvent(
  action: string,
  attributes: Readonly<Record<string, unknown>>,
): ConditionEvent {
  if (action === "die" || action === "died") {
    const exitCode = string(attributes["exitCode"] ?? attributes["containerExitCode"]);
    return /^\d{1,9}$/.test(exitCode) ? { exitCode: Number(exitCode) } : {};
  }
  const told = HEALTH_EVENT.exec(action);
  if (told === null) return {};
  const health = knownHealth(told[1] ?? string(attributes["health_status"]));
  return health === undefined ? {} : { health };
}

function knownHealth(status: unknown): ContainerHealth | undefined {
  return status === "starting" || status === "healthy" || status === "unhealthy"
    ? status
    : undefined;
}
