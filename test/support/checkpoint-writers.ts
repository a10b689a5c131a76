import type { FakeContainer, FakeEngine } from "../../src/testing.ts";

/** A sequence that looks random and is the same each time. */
export function randomly(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Containers that write all the time, and now and then stop, start, are renamed, or are new. */
export class Writers {
  readonly containers: FakeContainer[] = [];
  readonly #fake: FakeEngine;
  readonly #random: (below: number) => number;
  readonly #stopped = new Set<FakeContainer>();
  #timer: NodeJS.Timeout | undefined;

  constructor(fake: FakeEngine, count: number, seed: number) {
    this.#fake = fake;
    this.#random = randomly(seed);
    for (let index = 0; index < count; index++) this.#create();
  }

  /** Writes beside whatever else the process does. */
  run(): void {
    this.#timer = setInterval(() => this.act(3), 1);
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  act(times: number): void {
    for (let time = 0; time < times; time++) {
      const container = this.containers[this.#random(this.containers.length)];
      if (container === undefined) return;
      const what = this.#random(60);
      if (this.#stopped.has(container)) {
        if (what < 20) this.#start(container);
      } else if (what === 0) {
        container.stop();
        this.#stopped.add(container);
      } else if (what === 1) container.restart();
      else if (what === 2) container.rename(`renamed-${this.#random(1e9)}`);
      else if (what === 3 && this.containers.length < 10) this.#create();
      else if (what === 4) container.write("x".repeat(20_000 + this.#random(30_000)));
      else this.#write(container);
    }
  }

  /** All of them run again. */
  startAll(): void {
    for (const container of [...this.#stopped]) this.#start(container);
  }

  #start(container: FakeContainer): void {
    this.#stopped.delete(container);
    container.start();
  }

  #create(): void {
    this.containers.push(this.#fake.create({ name: `c${this.containers.length}` }));
  }

  #write(container: FakeContainer): void {
    const stream = this.#random(4) === 0 ? "stderr" : "stdout";
    // Equal lines, too: only their places tell them apart.
    container.write(this.#random(3) === 0 ? "again" : `line ${container.written.length}`, {
      stream,
    });
  }
}
