import { invalidOption } from "../errors.ts";
import { ContainerSeriesChoice } from "./container-series.ts";
import { openFileDescriptors } from "./file-descriptors.ts";
import type { Figures } from "./figures.ts";
import { INSTRUMENTS } from "./instruments.ts";
import type { Instrumented, Instruments, Observer } from "./instruments.ts";
import type { Scrape } from "./series.ts";

/** A pool, as it is shown to one monitoring system. */
export class MeasuredPool {
  readonly #instruments: Instruments;
  readonly #choice: ContainerSeriesChoice;
  readonly #unlinks: (() => void)[] = [];
  #scrape: Scrape | undefined;

  /** @throws DockspoolError INVALID_OPTION */
  constructor(pool: Instrumented, containers: boolean | number) {
    this.#instruments = instrumentsOf(pool);
    this.#choice = new ContainerSeriesChoice(seriesLimit(containers));
    this.observe(this.#choice.observer);
  }

  get figures(): Figures {
    return this.#instruments.figures();
  }

  /** As it is now; what asks in one go gets one answer. */
  get scrape(): Scrape {
    if (this.#scrape !== undefined) return this.#scrape;
    const { figures } = this;
    const containers = this.#choice.of(figures);
    this.#scrape = { figures, containers, fileDescriptors: openFileDescriptors() };
    queueMicrotask(() => {
      this.#scrape = undefined;
    });
    return this.#scrape;
  }

  observe(observer: Observer): void {
    this.#unlinks.push(this.#instruments.observe(observer));
  }

  /** Nothing of it is observed any more. */
  release(): void {
    for (const unlink of this.#unlinks.splice(0)) unlink();
  }
}

function instrumentsOf(pool: unknown): Instruments {
  if (isInstrumented(pool)) return pool[INSTRUMENTS];
  throw invalidOption("pool", pool, "a StreamPool");
}

function isInstrumented(pool: unknown): pool is Instrumented {
  return typeof pool === "object" && pool !== null && INSTRUMENTS in pool;
}

function seriesLimit(containers: unknown): number {
  if (containers === true) return Infinity;
  if (containers === false) return 0;
  if (typeof containers === "number" && Number.isInteger(containers) && containers >= 0)
    return containers;
  throw invalidOption("containers", containers, "true, false, or a whole number from 0");
}
