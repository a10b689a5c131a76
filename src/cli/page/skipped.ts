import type { PoolStatus } from "../../index.ts";
import type { ContainerRow } from "./messages.ts";
import { shownText } from "./shown-text.ts";

/** The last ones. */
const MAX_SKIPPED = 50;

/** Containers that are not followed because their log can't be read: rows that no source stands for. */
export class SkippedContainers {
  readonly #rows = new Map<string, ContainerRow>();

  get rows(): readonly ContainerRow[] {
    return [...this.#rows.values()];
  }

  told(status: PoolStatus): void {
    if (status.type === "attached") this.#rows.delete(status.container.id);
    if (status.type !== "skipped") return;
    const { id, name, image, engine } = status.container;
    this.#rows.set(id, {
      id,
      name: shownText(name),
      image: shownText(image),
      engine: shownText(engine),
      phase: "skipped",
      since: Date.now(),
      waitsFor: "",
      status: "degraded",
      health: shownText(status.error.message),
      illSince: null,
      linesPerSecond: 0,
      lines: 0,
      lag: null,
    });
    const oldest = this.#rows.keys().next();
    if (this.#rows.size > MAX_SKIPPED && !oldest.done) this.#rows.delete(oldest.value);
  }
}
