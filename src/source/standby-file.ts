import type { Inspection } from "../engine/inspection.ts";
import type { FirstFile } from "../files/first-file.ts";
import { SilentDisk } from "./disk-answers.ts";
import type { DiskAnswers } from "./disk-answers.ts";

/** Why nothing is read from the file: the container has never started, or is read by a stream. */
interface Standby {
  readonly type: "unstarted" | "streaming";
  /** The container as it was seen then. */
  readonly inspection: Inspection;
  readonly first: FirstFile;
}

/** A log's first file, which is looked for, or open, while nothing is read from it: it may be gone a moment after it was made. */
export class StandbyFile {
  readonly #disk: DiskAnswers;
  #standby: Standby | undefined;

  constructor(disk: DiskAnswers) {
    this.#disk = disk;
  }

  /** The container has not started yet. `look`: begins to look for its file, where that is not done already. */
  waitsForStart(inspection: Inspection, look: () => FirstFile): void {
    this.#standby = { type: "unstarted", inspection, first: this.#standby?.first ?? look() };
  }

  /** The file is open, and a stream is read yet. */
  waitsForStream(inspection: Inspection, first: FirstFile): void {
    this.#standby = { type: "streaming", inspection, first };
  }

  /** It runs, and its file is open, since it was read by a stream that is closed. */
  get handedOver(): Inspection | undefined {
    return this.#standby?.type === "streaming" ? this.#standby.inspection : undefined;
  }

  /** It is open. A start that has failed may have left it. */
  async isFound(signal: AbortSignal): Promise<boolean> {
    const first = this.#standby?.first;
    if (first === undefined) return false;
    try {
      return await this.#disk.of(() => first.isFound(), signal);
    } catch (error) {
      if (error instanceof SilentDisk) return false;
      throw error;
    }
  }

  /** The container has begun its first run, or is about to, as its new file shows. As it was seen before that. */
  async begun(signal: AbortSignal): Promise<Inspection | undefined> {
    const standby = this.#standby;
    if (standby?.type !== "unstarted" || !(await this.isFound(signal))) return undefined;
    return standby.first.isNew ? standby.inspection : undefined;
  }

  /** The caller is to close it. */
  take(): FirstFile | undefined {
    const first = this.#standby?.first;
    this.#standby = undefined;
    return first;
  }

  async close(): Promise<void> {
    await this.take()?.close();
  }
}
