import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { onAbort } from "../lifetime/abort.ts";
import { sleep } from "../lifetime/deadline.ts";
import { inodeOf } from "./file-chain.ts";
import { openIn, realFolder } from "./open-file.ts";
import type { OpenFile } from "./open-file.ts";

/** The engine makes the file a moment before the container runs. It may be gone soon after. */
const LOOK_EVERY_MS = 10;
/** For so long: most containers start right after they were made, or asked for. */
const SOON_MS = 3_000;
/** The folder of the `local` driver. */
const LOCAL = "local-logs";

/**
 * Waits for the log file of a container of Docker's that is about to start for the first time, and keeps it open: it can be read though
 * the container is gone before anything else is known of it.
 */
export class FirstFile {
  readonly #root: string;
  readonly #folder: string;
  readonly #id: string;
  readonly #over = new AbortController();
  #found: Promise<OpenFile | undefined>;
  #isFound = false;
  #looking: Promise<unknown> = Promise.resolve();
  /** When the search ends, by `performance.now()`. */
  #until = 0;
  #isTaken = false;

  constructor(root: string, id: string) {
    this.#root = root;
    this.#folder = join(root, "containers", id);
    this.#id = id;
    this.#found = this.#search();
  }

  /** The container is about to start: the search goes on, or begins anew. */
  begin(): void {
    if (this.#isTaken) return;
    const isOver = performance.now() > this.#until;
    this.#until = performance.now() + SOON_MS;
    if (isOver) this.#found = this.#found.then((file) => file ?? this.#search());
  }

  /** Whether it is there, once a look that is under way has told. */
  async isFound(): Promise<boolean> {
    await this.#looking;
    return this.#isFound;
  }

  /**
   * Resolves once it is there, or will not be soon. The file is the caller's from now on; undefined where it was not found, is not at
   * `path`, or was taken before.
   */
  async take(path: string, signal: AbortSignal): Promise<OpenFile | undefined> {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    const unlink = onAbort(signal, () => this.#over.abort());
    const file = await this.#found;
    unlink();
    if (file?.path === path) return file;
    await file?.handle.close();
    return undefined;
  }

  /** What was taken is the taker's. */
  async close(): Promise<void> {
    await this.take("", AbortSignal.abort());
  }

  /** Never rejects: whoever reads the log says what is wrong. */
  async #search(): Promise<OpenFile | undefined> {
    const { signal } = this.#over;
    this.#until = performance.now() + SOON_MS;
    try {
      const real = await realFolder(this.#root, this.#folder);
      if (real === undefined) return undefined;
      for (;;) {
        const look = this.#look(real);
        this.#looking = look.catch(() => {});
        const { file, isThere } = await look;
        if (file !== undefined || !isThere) return file;
        if (performance.now() > this.#until) return undefined;
        await sleep(LOOK_EVERY_MS, signal);
      }
    } catch {
      return undefined;
    }
  }

  /** Opens what is there before anything else is asked: each question may take longer than the container lives. */
  async #look(
    real: string,
  ): Promise<{ readonly file: OpenFile | undefined; readonly isThere: boolean }> {
    const json = `${this.#id}-json.log`;
    const local = join(this.#folder, LOCAL);
    let isOdd = false;
    const odd = (): undefined => void (isOdd = true);
    const [ofJson, ofLocal, isLinked, inode] = await Promise.all([
      openIn(real, json, join(this.#folder, json)).catch(odd),
      openIn(join(real, LOCAL), "container.log", join(local, "container.log")).catch(odd),
      isLink(join(real, LOCAL)),
      inodeOf(real).catch(odd),
    ]);
    const file = isOdd ? undefined : (ofJson ?? (isLinked ? undefined : ofLocal));
    for (const other of [ofJson, ofLocal]) if (other !== file) await other?.handle.close();
    this.#isFound = file !== undefined;
    return { file, isThere: inode !== undefined && !isOdd };
  }
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}
