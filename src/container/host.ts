import type { EngineClient, EventHandlers } from "../engine/engine-client.ts";

/** What a view of a container works with. */
export interface ViewHost {
  readonly client: EngineClient;
  /** Hands over a container's events. Resolves when some may have been missed. @throws DockspoolError */
  readonly listen: (
    container: string,
    handlers: EventHandlers,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Every change of the container is told by `ContainerView.changed`: what was seen of it holds until then. */
  readonly isWatching: () => boolean;
  /** How often a container that stands still is looked at, whatever the events tell, in milliseconds. */
  readonly lookEveryMs: number;
}
