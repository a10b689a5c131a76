import type { ScriptedContainer } from "./container.ts";
import { BadRequest, type Filters, flag, filters, hasLabel } from "./query.ts";
import { recordFormat } from "./timestamp-format.ts";

const NEVER = "0001-01-01T00:00:00Z";
const NO_IMAGE_ID = `sha256:${"0".repeat(64)}`;

function rfc3339(time: bigint | undefined): string {
  return time === undefined ? NEVER : recordFormat("ns").format(time);
}

/** The answer of GET /containers/{ref}/json. */
export function inspectJson(container: ScriptedContainer): object {
  const { id, image, labels, tty, status, exit, foundHealth, spec } = container;
  const reported = container.logDriver === "k8s-file" ? "json-file" : container.logDriver;
  return {
    Id: id,
    Created: rfc3339(container.createdAt),
    Path: "fake",
    Args: [],
    State: {
      Status: status,
      Running: container.isUp && !container.deniesRunning,
      Paused: status === "paused",
      Restarting: false,
      OOMKilled: exit.oomKilled,
      Dead: false,
      RemovalInProgress: false,
      Pid: container.isUp ? 1 : 0,
      ExitCode: exit.exitCode,
      Error: "",
      StartedAt: rfc3339(container.startedAt),
      FinishedAt: rfc3339(container.finishedAt),
      ...(foundHealth === undefined ? {} : { Health: { Status: foundHealth, FailingStreak: 0 } }),
    },
    Image: spec.imageId ?? NO_IMAGE_ID,
    Name: `/${container.name}`,
    RestartCount: 0,
    HostConfig: { LogConfig: { Type: reported, Config: logOptions(container) } },
    Config: {
      Hostname: id.slice(0, 12),
      Tty: tty,
      Image: image,
      Labels: labels,
      Env: spec.env ?? [],
    },
    NetworkSettings: { Networks: networksOf(container) },
    Mounts: [],
  };
}

/** Podman says nothing of them here. */
function logOptions({ flavour, spec: { maxLogSize } }: ScriptedContainer): object | null {
  if (flavour === "podman") return null;
  return maxLogSize === undefined ? {} : { "max-size": maxLogSize };
}

/** The answer of GET /libpod/containers/{ref}/json, as far as anybody needs it. */
export function libpodJson({ id, name, logDriver, spec }: ScriptedContainer): object {
  const { maxLogSize = "0B" } = spec;
  return { Id: id, Name: name, HostConfig: { LogConfig: { Type: logDriver, Size: maxLogSize } } };
}

function networksOf({ isUp, spec: { networks = {} } }: ScriptedContainer): object {
  return Object.fromEntries(
    Object.entries(networks).map(([name, address]) => [
      name,
      { IPAddress: isUp ? address : "", GlobalIPv6Address: "", Aliases: null },
    ]),
  );
}

/** The answer of GET /containers/json: the newest first, only those that are up unless asked for. */
export function listJson(
  containers: readonly ScriptedContainer[],
  query: URLSearchParams,
): readonly object[] {
  const wanted = filters(query);
  for (const name of wanted.keys()) {
    if (!["id", "name", "label", "status"].includes(name)) {
      throw new BadRequest(`invalid filter '${name}'`);
    }
  }
  const all = flag(query, "all") || wanted.has("status");
  return containers
    .filter(
      (container) =>
        (all || (container.isUp && !container.deniesRunning)) && matches(container, wanted),
    )
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    .map(summaryJson);
}

function summaryJson(container: ScriptedContainer): object {
  const { id, name, image, labels, status, exit, spec } = container;
  return {
    Id: id,
    Names: [`/${name}`],
    Image: image,
    ImageID: spec.imageId ?? NO_IMAGE_ID,
    Command: "fake",
    Created: Number(container.createdAt / 1_000_000_000n),
    Ports: [],
    Labels: labels,
    State: status,
    Status: {
      created: "Created",
      running: "Up",
      paused: "Up (Paused)",
      exited: `Exited (${exit.exitCode})`,
    }[status],
    HostConfig: { NetworkMode: "none" },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
}

function matches(container: ScriptedContainer, wanted: Filters): boolean {
  const isAny = (filter: string, test: (value: string) => boolean): boolean => {
    const values = wanted.get(filter);
    return values === undefined || values.length === 0 || values.some(test);
  };
  return (
    isAny("id", (value) => container.id.startsWith(value)) &&
    isAny("name", (value) => matchesName(container.name, value)) &&
    isAny("status", (value) => container.status === value) &&
    (wanted.get("label") ?? []).every((value) => hasLabel(container.labels, value))
  );
}

/** Docker takes the value for an expression that may match a part, with or without the leading slash. */
function matchesName(name: string, wanted: string): boolean {
  try {
    const expression = new RegExp(wanted);
    return expression.test(name) || expression.test(`/${name}`);
  } catch {
    return name.includes(wanted);
  }
}
