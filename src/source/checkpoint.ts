import type { PositionCheckpoint, PositionOwner } from "../checkpoint/container-checkpoint.ts";
import { EngineCheckpoints } from "../checkpoint/engine-checkpoints.ts";
import { CheckpointKeeper } from "../checkpoint/keeper.ts";
import type { CheckpointStore } from "../checkpoint/store.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import { DockspoolError } from "../errors.ts";
import type { Position } from "../resume/position.ts";
import type { SourceCheckpoint } from "./host.ts";

interface Parts extends PositionOwner {
  readonly store: CheckpointStore;
  readonly client: EngineClient;
}

/** Keeps the position of a source that stands alone. */
export class OwnCheckpoint implements SourceCheckpoint {
  readonly keeper: CheckpointKeeper;
  readonly #owner: PositionOwner;
  readonly #engine: EngineCheckpoints;
  #checkpoint: PositionCheckpoint | undefined;

  constructor({ store, client, ...owner }: Parts) {
    this.#owner = owner;
    this.keeper = new CheckpointKeeper(store);
    this.#engine = new EngineCheckpoints(this.keeper, client);
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE; INVALID_OPTION where another source of this process keeps it there */
  async load(container: string, signal: AbortSignal): Promise<Position | undefined> {
    try {
      const position = await this.#engine.load(container, signal);
      this.#checkpoint ??= this.#engine.keep(container, this.#owner);
      return position;
    } catch (error) {
      // It is tried again.
      if (DockspoolError.is(error, "CHECKPOINT_UNREADABLE") && error.transient)
        this.#owner.failed(error);
      throw error;
    }
  }

  moved(): void {
    this.#checkpoint?.moved();
  }

  saveWithin(timeoutMs: number): Promise<boolean> {
    return this.keeper.saveWithin(timeoutMs);
  }

  gone(): void {
    this.#checkpoint?.gone();
  }
}
