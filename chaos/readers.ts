/** An overlap that lasts so long is none of the sockets' own: a close and an opening may be seen in either order. */
const SETTLES_MS = 150;

interface Reader {
  readonly container: string;
  readonly openedAt: number;
  isOpen: boolean;
}

/** Counts the log requests that are open, and notes where one container has two readers, or there are more than allowed. */
export class Readers {
  readonly problems: string[] = [];
  readonly #open = new Set<Reader>();
  readonly #most: () => number;
  readonly #timers = new Set<NodeJS.Timeout>();
  mostAtOnce = 0;

  /** `most`: how many streams the collector may have open. */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** Returns what counts the end. */
  open(container: string): () => void {
    const reader: Reader = { container, openedAt: performance.now(), isOpen: true };
    const others = [...this.#open].filter((other) => other.container === container);
    this.#open.add(reader);
    if (others.length > 0) this.#lookLater(reader, others);
    if (this.#open.size > this.#most()) this.#lookLater(reader, []);
    else this.mostAtOnce = Math.max(this.mostAtOnce, this.#open.size);
    return () => {
      reader.isOpen = false;
      this.#open.delete(reader);
    };
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #lookLater(reader: Reader, others: readonly Reader[]): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!reader.isOpen) return;
      if (others.some(({ isOpen }) => isOpen))
        this.problems.push(`two readers of ${reader.container.slice(0, 12)} at once`);
      if (this.#open.size > this.#most())
        this.problems.push(`${this.#open.size} streams are open, and ${this.#most()} are allowed`);
    }, SETTLES_MS);
    this.#timers.add(timer);
  }
}
