import type { ContainerHealth, Exit } from "../engine/condition.ts";
import type { ContainerEvent } from "../engine/events.ts";
import type { Inspection } from "../engine/inspection.ts";

/** A container's health, and how its latest run ended, as looks and events tell. */
export class Condition {
  readonly #healthChanged: (health: ContainerHealth) => void;
  #health: ContainerHealth | undefined;
  #exit: Exit | undefined;
  /** A process of the current run was killed for its memory. */
  #isKilled = false;

  /** `healthChanged`: from what a look has shown, or by an event. */
  constructor(healthChanged: (health: ContainerHealth) => void) {
    this.#healthChanged = healthChanged;
  }

  /** Undefined where it has no healthcheck, and before the first look. */
  get health(): ContainerHealth | undefined {
    return this.#health;
  }

  looked({ running, exit, health }: Inspection): void {
    if (!running) this.#exit = exit;
    this.#found(health, this.#health !== undefined);
  }

  happened({ action, exitCode, health }: ContainerEvent): void {
    if (action === "start") this.#isKilled = false;
    if (action === "oom") this.#isKilled = true;
    if (exitCode !== undefined) this.#exit = { exitCode, oomKilled: this.#isKilled };
    this.#found(health, true);
  }

  /** How the run ended before the one that has begun; once. */
  takeExit(): Exit | undefined {
    const exit = this.#exit;
    this.#exit = undefined;
    return exit;
  }

  #found(health: ContainerHealth | undefined, isChange: boolean): void {
    if (health === undefined || health === this.#health) return;
    this.#health = health;
    if (isChange) this.#healthChanged(health);
  }
}
