import type { EngineClient } from "../../engine/engine-client.ts";
import { Moment } from "./moment.ts";

/** What the caller wants to be left alone, and was not found yet: by id, the beginning of one, or name. */
export class Refusals {
  readonly #client: EngineClient;
  readonly #since = new Map<string, Moment>();

  constructor(client: EngineClient) {
    this.#client = client;
  }

  add(container: string): void {
    this.#since.set(container, new Moment(this.#client));
  }

  /** A list shows none, so there was none: to be called with those that were there before it was asked for. */
  forget(containers: Iterable<string>): void {
    for (const container of containers) this.#since.delete(container);
  }

  get containers(): readonly string[] {
    return [...this.#since.keys()];
  }

  /** Since when a container that is found is meant to be left alone, where it was there by then. */
  take(id: string, name: string): Moment | undefined {
    for (const [container, since] of this.#since) {
      if (container !== name && !id.startsWith(container)) continue;
      this.#since.delete(container);
      return since;
    }
    return undefined;
  }
}
