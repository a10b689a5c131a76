import { checkContainer } from "../checks.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import type { ContainerLogSource } from "../source/container-log-source.ts";
import type { Attachments } from "./attachments.ts";
import { findContainer } from "./discovery/container-search.ts";
import type { FollowedContainers } from "./followed-containers.ts";
import { checkAttachOptions } from "./options.ts";
import type { AttachOptions } from "./options.ts";
import type { PoolEngines } from "./pool-engines.ts";

export interface AttachParts {
  readonly engines: PoolEngines;
  readonly followed: FollowedContainers;
  readonly attachments: Attachments;
  readonly life: TaskGroup;
  readonly begin: () => Promise<void>;
}

/** Follows a container whatever is selected. @throws as `StreamPool.attach` */
export async function attach(
  { engines, followed, attachments, life, begin }: AttachParts,
  container: string,
  options: AttachOptions,
): Promise<ContainerLogSource> {
  checkContainer(container);
  const { from, engineName, ...sourceOptions } = checkAttachOptions(options);
  const candidates = engines.named(engineName);
  life.signal.throwIfAborted();
  return attachments.run(container, life.signal, async (attachment) => {
    await begin();
    const { signal } = attachment;
    signal.throwIfAborted();
    const known = followed.find(container, engineName);
    if (known !== undefined) return known;
    const { engine, inspection } = await findContainer(container, candidates, signal);
    attachment.identified(inspection.info);
    return engine.attach(inspection, from, sourceOptions, signal);
  });
}
