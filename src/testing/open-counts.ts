/** Counts log requests while they are open, and the most there ever were. */
export class OpenCounts {
  readonly #followsOf = new Map<string, number>();
  #follows = 0;
  #reads = 0;
  #maxFollows = 0;
  #maxFollowsOfOneContainer = 0;

  get follows(): number {
    return this.#follows;
  }

  get reads(): number {
    return this.#reads;
  }

  get maxFollows(): number {
    return this.#maxFollows;
  }

  get maxFollowsOfOneContainer(): number {
    return this.#maxFollowsOfOneContainer;
  }

  /** Returns how to take it back, to be called once. */
  read(): () => void {
    this.#reads += 1;
    return () => {
      this.#reads -= 1;
    };
  }

  /** `container`: its id; undefined where there is none such. */
  follow(container: string | undefined): () => void {
    this.#follows += 1;
    this.#maxFollows = Math.max(this.#maxFollows, this.#follows);
    if (container !== undefined) this.#change(container, 1);
    return () => {
      this.#follows -= 1;
      if (container !== undefined) this.#change(container, -1);
    };
  }

  #change(container: string, by: 1 | -1): void {
    const count = (this.#followsOf.get(container) ?? 0) + by;
    if (count === 0) this.#followsOf.delete(container);
    else this.#followsOf.set(container, count);
    this.#maxFollowsOfOneContainer = Math.max(this.#maxFollowsOfOneContainer, count);
  }
}
