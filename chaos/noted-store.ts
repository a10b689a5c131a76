import type { Checkpoint, CheckpointStore } from "../src/index.ts";
import type { Acknowledged, JournalEntry } from "./journal.ts";

interface Notes {
  readonly counts: () => readonly (readonly [id: string, counts: Acknowledged])[];
  readonly note: (entry: JournalEntry) => void;
}

/** Notes what each save knows when it begins, and that it came to its end. */
export function notedStore(store: CheckpointStore, { counts, note }: Notes): CheckpointStore {
  return {
    load: (key) => store.load(key),
    save: async (entries: ReadonlyMap<string, Checkpoint>) => {
      note(["save", Object.fromEntries(counts())]);
      await store.save(entries);
      note(["saved"]);
    },
    delete: (keys) => store.delete(keys),
    keys: (prefix) => store.keys(prefix),
  };
}
