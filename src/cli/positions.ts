import { FileCheckpointStore } from "../index.ts";
import type { Checkpoint } from "../index.ts";
import { messageOf } from "../errors.ts";

/** The file of `--checkpoints`, which knows whether the last save was good. */
export class Positions extends FileCheckpointStore {
  readonly #path: string;
  #failure: { readonly error: unknown } | undefined;

  constructor(path: string) {
    super(path);
    this.#path = path;
  }

  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    try {
      await super.save(entries);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /** At the end. @throws Error where the next command would print again what this one has printed */
  check(): void {
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    throw new Error(`Positions are not saved in ${this.#path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** None where there is no such option. */
export function positionsOf(path: string | undefined): Positions | undefined {
  return path === undefined ? undefined : new Positions(path);
}
