/** JSON: a Cursor, or the pool's own note of an engine. */
export type Checkpoint = Readonly<Record<string, unknown>>;

/**
 * Where positions survive the process. Keys are `<engine id>/<container id>`, and `<engine id>` for the pool's note of the
 * engine. Sources and pools that share a store may call it at the same time. A call that is not answered within 30 seconds
 * has failed. `dockspool/testing` has tests for a store of your own.
 */
export interface CheckpointStore {
  /**
   * Undefined where there is none. A rejection keeps the container from being read and is tried again, but for a DockspoolError
   * CHECKPOINT_UNREADABLE that is not `transient`: that ends it.
   */
  load(key: string): Promise<Checkpoint | undefined>;
  /** Resolves once the entries, and no others, are replaced for good. A rejection is tried again: CHECKPOINT_UNWRITABLE. */
  save(entries: ReadonlyMap<string, Checkpoint>): Promise<void>;
  /** Keys that do not exist are ignored. */
  delete(keys: readonly string[]): Promise<void>;
  /** The keys that begin with `prefix`, so that entries of containers long gone can be dropped. */
  keys(prefix: string): AsyncIterable<string>;
}
