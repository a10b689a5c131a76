import type { StreamPool } from "../index.ts";
import type { Notice } from "./notices.ts";

/** Says once that nothing is followed, where all containers were looked at: a name may be misspelt. */
export class NothingYet {
  #isDue = true;

  of(pool: Pick<StreamPool, "sources" | "health">): Notice | undefined {
    if (!this.#isDue || !pool.health().ready) return undefined;
    this.#isDue = false;
    if (pool.sources.size > 0) return undefined;
    return { tone: "note", text: "No container to follow yet: waiting for one." };
  }
}
