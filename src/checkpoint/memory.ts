import { checkKey, checkKeyList, checkPrefix } from "./arguments.ts";
import { checkpointsAsJson } from "./checkpoint-json.ts";
import { parseEntry } from "./file-format.ts";
import type { Checkpoint, CheckpointStore } from "./store.ts";

/** Positions for as long as the process lives: for tests, and for sources that follow one another. */
export class MemoryCheckpointStore implements CheckpointStore {
  /** As JSON: what is changed afterwards is not what was saved. */
  readonly #entries = new Map<string, string>();

  async load(key: string): Promise<Checkpoint | undefined> {
    checkKey(key);
    const json = this.#entries.get(key);
    return json === undefined ? undefined : parseEntry(json);
  }

  async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    for (const [key, json] of checkpointsAsJson(entries)) this.#entries.set(key, json);
  }

  async delete(keys: readonly string[]): Promise<void> {
    checkKeyList(keys);
    for (const key of keys) this.#entries.delete(key);
  }

  async *keys(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    for (const key of [...this.#entries.keys()]) if (key.startsWith(prefix)) yield key;
  }
}
