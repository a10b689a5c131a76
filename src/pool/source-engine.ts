import type { EngineCheckpoints } from "../checkpoint/engine-checkpoints.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { Discovery } from "./discovery/discovery.ts";
import type { EngineEvents } from "./discovery/engine-events.ts";

/** The engine that a source's container is of. */
export interface SourceEngine {
  readonly name: string;
  readonly client: EngineClient;
  readonly events: EngineEvents;
  readonly discovery: Discovery;
  readonly checkpoints: EngineCheckpoints | undefined;
  /** A container's source has ended, and is not tried again. */
  left(id: string): void;
}
