import { EngineCheckpoints } from "../checkpoint/engine-checkpoints.ts";
import type { KeptPosition } from "../checkpoint/engine-checkpoints.ts";
import { CheckpointKeeper } from "../checkpoint/keeper.ts";
import type { CheckpointStore } from "../checkpoint/store.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { DockspoolError } from "../errors.ts";
import type { Position } from "../resume/position.ts";
import type { SourceCheckpoint } from "./host.ts";

interface Parts {
  readonly store: CheckpointStore;
  readonly everyMs: number;
  readonly client: EngineClient;
  /** Behind the last line delivered. */
  readonly position: () => Position | undefined;
  readonly failed: (error: DockspoolError) => void;
}

/** Keeps the position of a source that stands alone. */
export class OwnCheckpoint implements SourceCheckpoint {
  readonly keeper: CheckpointKeeper;
  readonly #parts: Parts;
  readonly #engine: EngineCheckpoints;
  #kept: KeptPosition | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.keeper = new CheckpointKeeper(parts.store);
    this.#engine = new EngineCheckpoints(this.keeper, parts.client);
  }

  async load(container: string, signal: AbortSignal): Promise<Position | undefined> {
    const position = await this.#engine.load(container, signal);
    this.#kept ??= this.#engine.keep(container, this.#parts);
    return position;
  }

  moved(): void {
    this.#kept?.moved();
  }

  gone(): void {
    this.#kept?.gone();
  }
}
