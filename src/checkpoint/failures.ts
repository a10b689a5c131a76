import { DockspoolError } from "../errors.ts";

/** What is saved under a key can't be used. */
export function unreadableEntry(key: string, cause?: unknown): DockspoolError {
  return new DockspoolError(
    "CHECKPOINT_UNREADABLE",
    `The checkpoint saved as ${JSON.stringify(key)} is damaged, or of a later version. Nothing is read from there; delete it to begin anew (by option "from").`,
    { cause },
  );
}
