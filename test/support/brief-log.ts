import { mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { eventually } from "./fake-follow.ts";

const TIME = "2026-01-01T00:00:01.000000000Z";

/** The `json-file` log of a container of a moment: the engine deletes it as soon as somebody has had the time to open it. */
export class BriefLog {
  readonly path: string;
  readonly #folder: string;

  /** The container is created: its folder is there. */
  constructor(id: string, root: string) {
    this.#folder = join(root, "containers", id);
    this.path = join(this.#folder, `${id}-json.log`);
    mkdirSync(this.#folder, { recursive: true });
  }

  /** It starts, writes, and is gone. */
  async run(...lines: readonly string[]): Promise<void> {
    const records = lines.map((line) =>
      JSON.stringify({ log: `${line}\n`, stream: "stdout", time: TIME }),
    );
    writeFileSync(this.path, records.map((record) => `${record}\n`).join(""));
    await eventually(() => this.isOpen, "the file to be open");
    rmSync(this.#folder, { recursive: true });
  }

  /** This process has it open. */
  get isOpen(): boolean {
    return readdirSync("/proc/self/fd").some((name) => {
      try {
        return readlinkSync(join("/proc/self/fd", name)).startsWith(this.path);
      } catch {
        return false;
      }
    });
  }
}
