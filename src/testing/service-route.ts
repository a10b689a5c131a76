import type { ScriptedContainer } from "./container.ts";
import type { Exchange } from "./exchange.ts";
import { LogFilter, type LogQuery } from "./log-query.ts";
import { LogResponse } from "./log-response.ts";
import { encodingOf } from "./log-route.ts";
import type { Profile } from "./profile.ts";
import type { Fault } from "./types.ts";

const LABELS = {
  name: "com.docker.swarm.service.name",
  id: "com.docker.swarm.service.id",
  task: "com.docker.swarm.task.id",
  node: "com.docker.swarm.node.id",
} as const;

/** A service is known by the labels of its tasks' containers. */
export function tasksOf(
  containers: readonly ScriptedContainer[],
  service: string,
): ScriptedContainer[] {
  return containers.filter(
    ({ labels }) => labels[LABELS.name] === service || labels[LABELS.id] === service,
  );
}

/** The answer of GET /services/{ref}. */
export function serviceJson({ labels, image, tty }: ScriptedContainer): object {
  const name = labels[LABELS.name];
  return {
    ID: labels[LABELS.id] ?? name,
    Spec: {
      Name: name,
      TaskTemplate: { ContainerSpec: { Image: image, ...(tty ? { TTY: true } : {}) } },
    },
  };
}

/** Answers GET /services/{ref}/logs: the logs of all tasks, in no order across them. */
export function respondWithServiceLog(
  exchange: Exchange,
  tasks: readonly ScriptedContainer[],
  query: LogQuery,
  profile: Profile,
  fault: Fault | undefined,
): void {
  exchange.response.writeHead(200, {});
  const body = exchange.body(fault);
  body.begin();
  let left = tasks.length;
  const end = (): void => {
    left -= 1;
    // A follow stays open for tasks that are yet to come.
    if (left === 0 && !query.follow) body.end();
  };
  for (const task of tasks) {
    const { contents, labels, id, spec } = task;
    const attributes = {
      ...spec.attributes,
      [LABELS.node]: labels[LABELS.node] ?? "node",
      [LABELS.id]: labels[LABELS.id] ?? labels[LABELS.name] ?? "",
      [LABELS.task]: labels[LABELS.task] ?? id.slice(0, 25),
    };
    const stream = new LogResponse({
      log: contents,
      response: exchange.response,
      body: { write: (bytes) => body.write(bytes), end },
      filter: new LogFilter(query, profile.since),
      encoding: encodingOf(query, profile, task, attributes),
      from: Math.max(contents.base, contents.entries.length - query.tail),
      live: query.follow && task.isUp,
      k8sFile: undefined,
      endEarly: 0,
    });
    exchange.onceOver(task.connect(exchange.request.socket));
    exchange.onceOver(task.attach(stream));
  }
}
