import type { DockspoolError } from "../errors.ts";
import type { Checkpoint } from "./store.ts";

/** What is saved under one key. */
export interface StoreEntry {
  readonly key: string;
  /** Read before the others: it must not be later than they are. */
  readonly isFirst?: boolean;
  /** Milliseconds from one save to the next, at the least. */
  readonly everyMs: number;
  /** As it is now; undefined where there is nothing to save. */
  read(): Checkpoint | undefined;
  /** It could not be saved, which is tried again. */
  failed(error: DockspoolError): void;
}
