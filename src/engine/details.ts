import { checkKeys } from "../checks.ts";
import { invalidOption } from "../errors.ts";
import type {
  ComposeDetails,
  ContainerDetails,
  ContainerNetwork,
  EngineDetails,
  SwarmDetails,
} from "../wire/container-details.ts";
import { toUtc } from "../wire/timestamps.ts";
import { number, record, string } from "./json.ts";

/** What is added to `ContainerInfo` as `details`. */
export interface DetailsOptions {
  /**
   * Names of the variables that may be shown: others are often secrets. Default none.
   */
  env?: readonly string[];
}

/** Set by Docker Compose on what it creates (compose, `pkg/api/labels.go`). */
export const COMPOSE_LABELS = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
} as const;

/** Set by Docker Swarm on a task's container (swarmkit, `agent/exec/dockerapi` and moby, `daemon/cluster/executor/container`). */
export const SWARM_LABELS = {
  service: "com.docker.swarm.service.name",
  serviceId: "com.docker.swarm.service.id",
  task: "com.docker.swarm.task.name",
  taskId: "com.docker.swarm.task.id",
  nodeId: "com.docker.swarm.node.id",
  stack: "com.docker.stack.namespace",
} as const;

/** `true` is all but the environment. @throws DockspoolError INVALID_OPTION */
export function checkDetails(place: string, given: unknown): DetailsOptions | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) return {};
  if (typeof given !== "object") throw invalidOption(place, given, "true, false, or { env: […] }");
  checkKeys(place, given, ["env"]);
  const { env } = record(given);
  if (env === undefined) return {};
  if (!isNames(env)) throw invalidOption(`${place}.env`, env, "a list of names of variables");
  return { env: [...env] };
}

function isNames(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.every((name) => typeof name === "string" && name !== "");
}

/** Reads them from an inspection's answer: nothing else is asked. */
export function detailsOf(
  inspection: Readonly<Record<string, unknown>>,
  labels: Readonly<Record<string, string>>,
  { env = [] }: DetailsOptions,
  engine: EngineDetails,
): ContainerDetails {
  return Object.freeze({
    imageId: string(inspection["Image"]),
    created: toUtc(string(inspection["Created"])) ?? "",
    networks: networksOf(record(record(inspection["NetworkSettings"])["Networks"])),
    env: envOf(record(inspection["Config"])["Env"], new Set(env)),
    compose: composeOf(labels),
    swarm: swarmOf(labels),
    engine: Object.freeze(engine),
  });
}

function networksOf(networks: Readonly<Record<string, unknown>>): readonly ContainerNetwork[] {
  const all = Object.entries(networks).map(([name, value]) => {
    const { IPAddress: v4, GlobalIPv6Address: v6 } = record(value);
    const addresses = [string(v4), string(v6)].filter((address) => address !== "");
    return Object.freeze({ name, addresses: Object.freeze(addresses) });
  });
  return Object.freeze(all);
}

function envOf(variables: unknown, allowed: ReadonlySet<string>): Readonly<Record<string, string>> {
  const all: readonly unknown[] = Array.isArray(variables) ? variables : [];
  const shown = all.flatMap((variable): [string, string][] => {
    const text = string(variable);
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    return allowed.has(name) && equals !== -1 ? [[name, text.slice(equals + 1)]] : [];
  });
  return Object.freeze(Object.fromEntries(shown));
}

function composeOf(labels: Readonly<Record<string, string>>): ComposeDetails | undefined {
  const label = reader(labels);
  const project = label(COMPOSE_LABELS.project);
  if (project === undefined) return undefined;
  const which = number(label(COMPOSE_LABELS.number) ?? "");
  return Object.freeze({
    project,
    service: label(COMPOSE_LABELS.service) ?? "",
    number: Number.isSafeInteger(which) && which > 0 ? which : undefined,
  });
}

function swarmOf(labels: Readonly<Record<string, string>>): SwarmDetails | undefined {
  const label = reader(labels);
  const service = label(SWARM_LABELS.service);
  if (service === undefined) return undefined;
  return Object.freeze({
    service,
    serviceId: label(SWARM_LABELS.serviceId) ?? "",
    task: label(SWARM_LABELS.task) ?? "",
    taskId: label(SWARM_LABELS.taskId) ?? "",
    nodeId: label(SWARM_LABELS.nodeId) ?? "",
    stack: label(SWARM_LABELS.stack),
  });
}

function reader(labels: Readonly<Record<string, string>>): (name: string) => string | undefined {
  return (name) => (Object.hasOwn(labels, name) ? labels[name] : undefined);
}
