import type { ShownFiles } from "./shown-files.ts";

/**
 * Holds a log's files open from one read to the next. Who reads more slowly than they are filled has some of them open that the engine
 * has deleted since, and they are not to be had again.
 */
export class HeldFiles {
  #files: ShownFiles | undefined;
  #isClosed = false;

  /** Whether the next read must go on with them: what they show may not be found again. Never rejects. */
  async areNeeded(): Promise<boolean> {
    return (await this.#files?.isOvertaken()) === true;
  }

  /** A read is over. What is not at the place is closed. */
  async put(files: ShownFiles): Promise<void> {
    await this.drop();
    if (this.#isClosed || !files.isAtPlace) return files.close();
    files.begin();
    this.#files = files;
  }

  /** What the next read goes on with: these, where it must, else those that `find` opens. */
  async next(find: () => Promise<ShownFiles | undefined>): Promise<ShownFiles | undefined> {
    const found = (await this.areNeeded()) ? undefined : await find();
    // What was there when it was looked for may be deleted by now.
    if (!(await this.areNeeded())) {
      await this.drop();
      return found;
    }
    await found?.close();
    return this.#take();
  }

  /** The next read goes another way. */
  async drop(): Promise<void> {
    await this.#take()?.close();
  }

  /** There is no next read. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.drop();
  }

  #take(): ShownFiles | undefined {
    const files = this.#files;
    this.#files = undefined;
    return files;
  }
}
