import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const SIZE_KB = 256;

/** A folder for checkpoints with a disk of its own, which can be filled. Needs root; else it is a plain folder. */
export class SmallDisk {
  readonly folder: string;
  readonly #isMounted: boolean;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    let isMounted = false;
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_KB}k`, "tmpfs", folder], {
        stdio: "ignore",
      });
      isMounted = true;
    } catch {
      // Nothing can be filled then.
    }
    this.#isMounted = isMounted;
  }

  /** Until `empty()` nothing can be written to it. */
  fill(): void {
    if (!this.#isMounted) return;
    const file = openSync(this.#filler, "w");
    try {
      for (;;) writeSync(file, Buffer.alloc(4_096));
    } catch {
      // Full.
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Also while somebody has a file of it open. */
  close(): void {
    if (this.#isMounted) execFileSync("umount", ["--lazy", this.folder], { stdio: "ignore" });
  }

  get #filler(): string {
    return join(this.folder, "filler");
  }
}
