import type { Count } from "./figures.ts";

/** Counts by labels. Values that come from outside are to be bounded by whoever counts. */
export class Counts<Label extends string> {
  readonly #counts = new Map<string, { labels: Readonly<Record<Label, string>>; value: number }>();

  /** By 1; `by` 0: it is there from then on. */
  add(labels: Readonly<Record<Label, string>>, by = 1): void {
    const key = JSON.stringify(labels);
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { labels, value: by });
    else known.value += by;
  }

  get all(): readonly Count<Label>[] {
    return Array.from(this.#counts.values(), ({ labels, value }) => ({ labels, value }));
  }
}
