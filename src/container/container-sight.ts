import type { Inspection } from "../engine/inspection.ts";
import type { SourceHost } from "../source/host.ts";

/** What is seen of a container, and whether that still holds. */
export class ContainerSight {
  readonly #host: SourceHost;
  #unchanged: Inspection | undefined;
  #changes = 0;

  constructor(host: SourceHost) {
    this.#host = host;
    this.#unchanged = host.finding?.inspection;
  }

  /** What was seen last, while it is known not to have changed. */
  get unchanged(): Inspection | undefined {
    return this.#unchanged;
  }

  /** Something happened to the container, or may have. */
  changed(): void {
    this.#changes++;
    this.#unchanged = undefined;
  }

  /** `first`: ahead of the questions of others. @throws DockspoolError as `EngineClient.inspect`; the signal's reason */
  async look(container: string, first: boolean, signal: AbortSignal): Promise<Inspection> {
    const { client, isWatching } = this.#host;
    this.#unchanged = undefined;
    const changes = this.#changes;
    const inspection = await client.inspect(container, signal, { first });
    if (isWatching() && changes === this.#changes) this.#unchanged = inspection;
    return inspection;
  }
}
