import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";

/** Asks the engine what became of a container that was seen before. */
export class ContainerLooks {
  readonly #client: EngineClient;
  readonly #seen: Inspection;

  constructor(client: EngineClient, seen: Inspection) {
    this.#client = client;
    this.#seen = seen;
  }

  /** It has gone on running, in the run that was seen. */
  async runsOn(signal: AbortSignal): Promise<boolean> {
    const { info, startedAt } = this.#seen;
    const now = await this.#client.inspect(info.id, signal);
    return now.running && now.startedAt === startedAt;
  }

  /** It has not started since it was seen standing still. One that is gone has not. */
  async standsStill(signal: AbortSignal): Promise<boolean> {
    const { info, startedAt } = this.#seen;
    try {
      const now = await this.#client.inspect(info.id, signal);
      return !now.running && now.startedAt === startedAt;
    } catch (error) {
      if (DockspoolError.is(error, "CONTAINER_NOT_FOUND")) return true;
      throw error;
    }
  }

  /** It is neither gone nor being removed. */
  async isThere(signal: AbortSignal): Promise<boolean> {
    try {
      return !(await this.#client.inspect(this.#seen.info.id, signal)).removing;
    } catch (error) {
      if (DockspoolError.is(error, "CONTAINER_NOT_FOUND")) return false;
      throw error;
    }
  }
}
