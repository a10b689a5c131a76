import type { FSWatcher } from "node:fs";
import { lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { onAbort } from "../lifetime/abort.ts";
import { Pause } from "../lifetime/pause.ts";
import { inodeOf } from "./file-chain.ts";
import { watchFolder } from "./folder-watch.ts";
import type { FoundFile } from "./log-files.ts";
import { LogFolder } from "./log-folder.ts";
import { LooksInTurn } from "./looks-in-turn.ts";
import { openIn, realFolder } from "./open-file.ts";
import type { OpenFile } from "./open-file.ts";

/** What is made, or is about to start, is looked at for so long, and waited for: most containers start right after they were made. */
const SOON_MS = 3_000;
/** Where nothing tells of it; and where a watch does, which may be lost. */
const LOOK_EVERY_MS = 20;
const WATCHED_LOOK_EVERY_MS = 100;
/** Watches are the user's on this machine, all programs together (8,192 on small ones). Who has none is looked at alone. */
const MOST_WATCHES = 1_024;
/** Descriptors are the process's. So many files are kept open for those who are yet to read them. */
const MOST_OPEN = 1_024;
/** The folder of the `local` driver. */
const LOCAL = "local-logs";
/** Podman's `k8s-file`; and what its folders are named by, the drivers of its storage. */
const PODMAN = "ctr.log";
const PODMAN_STORES = ["overlay", "vfs", "btrfs", "zfs"];

type State =
  /** `place`: its folder, once that is known to be there. */
  | {
      readonly type: "waiting";
      readonly place: Place | undefined;
      readonly watcher: FSWatcher | undefined;
    }
  | { readonly type: "found"; readonly file: OpenFile }
  /** There is no such folder, or it can't be read. */
  | { readonly type: "absent" }
  /** Somebody else's now, or nobody's. */
  | { readonly type: "over"; readonly wasFound: boolean };

type Count = Pick<FoundFile, "rotations" | "ordinal">;

/** A folder, as it is called and where it really is. */
interface Place {
  readonly folder: string;
  readonly real: string;
}

/**
 * Waits for the log file of a container that has not started yet, and keeps it open: it can be read though the container is
 * gone before anything else is known of it. A watch of the container's folder tells of it; beside that it is looked at for a while,
 * since watches may be lost.
 */
export class FirstFile {
  static readonly #looks = new LooksInTurn(LOOK_EVERY_MS);
  static readonly #watchedLooks = new LooksInTurn(WATCHED_LOOK_EVERY_MS);
  static #watches = 0;
  static #open = 0;

  readonly #root: string;
  readonly #id: string;
  readonly #pause = new Pause();
  readonly #lookInTurn = (): boolean => this.#lookOn();
  #state: State = { type: "waiting", place: undefined, watcher: undefined };
  /** A look that is under way. */
  #looking: Promise<void>;
  #isLooking = false;
  /** Something has happened since it began. */
  #isDue = false;
  #looksDone = 0;
  #isNew = false;
  /** Until then it is looked at, by `performance.now()`. */
  #until = 0;
  #isTaken = false;
  /** Of what was found, where that is of use; never rejects. */
  #counting: Promise<Count> | undefined;

  constructor(root: string, id: string) {
    this.#root = root;
    this.#id = id;
    this.#looking = this.#search();
  }

  /** Files that are open, and nobody's yet. */
  static get open(): number {
    return FirstFile.#open;
  }

  /** The container is about to start: it is looked at again, or anew. */
  begin(): void {
    const { type } = this.#state;
    if (type === "absent" && !this.#isTaken) {
      this.#state = { type: "waiting", place: undefined, watcher: undefined };
      this.#looking = this.#search();
    } else if (type === "waiting") this.#soon();
  }

  /** The container's folder is there, and the file is not yet: it will be found. */
  get isAwaited(): boolean {
    const state = this.#state;
    return state.type === "found" || (state.type === "waiting" && state.place !== undefined);
  }

  /** Whether it is there, once a look that is under way has told. */
  async isFound(): Promise<boolean> {
    await this.#looking;
    const state = this.#state;
    return state.type === "found" || (state.type === "over" && state.wasFound);
  }

  /** Where it was found: it was made since it is looked for. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /**
   * Resolves once it is there, or will not be soon. The file is the caller's from now on; undefined where it was not found, is not at
   * `path`, or was taken before.
   */
  async take(path: string, signal: AbortSignal): Promise<FoundFile | undefined> {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    const unlink = onAbort(signal, () => this.#pause.wake());
    await this.#looking;
    while (this.#state.type === "waiting" && !signal.aborted) {
      const ms = this.#until - performance.now();
      if (ms <= 0) break;
      await this.#pause.sleep(ms, signal).catch(() => {});
    }
    unlink();
    const file = this.#end();
    await this.#looking;
    const { rotations, ordinal } = (await this.#counting) ?? {};
    if (file?.path === path) return { ...file, rotations, ordinal };
    rotations?.close();
    await file?.handle.close();
    return undefined;
  }

  /** What was taken is the taker's. */
  async close(): Promise<void> {
    await this.take("", AbortSignal.abort());
  }

  #end(): OpenFile | undefined {
    const state = this.#state;
    const file = state.type === "found" ? state.file : undefined;
    this.#become({ type: "over", wasFound: file !== undefined });
    return file;
  }

  /** The one place where the state changes. */
  #become(next: State): void {
    const before = this.#state;
    this.#state = next;
    if (before.type === "waiting" && before.watcher !== undefined) {
      before.watcher.close();
      FirstFile.#watches--;
    }
    if (before.type === "found") FirstFile.#open--;
    if (next.type === "found") FirstFile.#open++;
    if (next.type === "waiting") return;
    FirstFile.#looks.delete(this.#lookInTurn);
    FirstFile.#watchedLooks.delete(this.#lookInTurn);
    this.#pause.wake();
  }

  #soon(): void {
    this.#until = performance.now() + SOON_MS;
    const state = this.#state;
    const isWatched = state.type === "waiting" && state.watcher !== undefined;
    (isWatched ? FirstFile.#watchedLooks : FirstFile.#looks).add(this.#lookInTurn);
    this.#look();
  }

  /** Never rejects: whoever reads the log says what is wrong. */
  async #search(): Promise<void> {
    this.#until = performance.now() + SOON_MS;
    const place = await this.#findFolder().catch(() => undefined);
    if (this.#state.type !== "waiting") return;
    if (place === undefined) {
      this.#become({ type: "absent" });
      return;
    }
    this.#state = { type: "waiting", place, watcher: this.#watch(place.real) };
    this.#soon();
    await this.#looking;
  }

  /** Docker's, or one of Podman's. */
  async #findFolder(): Promise<Place | undefined> {
    const names = PODMAN_STORES.map((store) => join(`${store}-containers`, this.#id, "userdata"));
    for (const name of [join("containers", this.#id), ...names]) {
      const folder = join(this.#root, name);
      const real = await realFolder(this.#root, folder);
      if (real !== undefined) return { folder, real };
    }
    return undefined;
  }

  #watch(real: string): FSWatcher | undefined {
    if (FirstFile.#watches >= MOST_WATCHES) return undefined;
    try {
      const watcher = watchFolder(real, (_event, name) => this.#changed(name));
      // The looks are left.
      watcher.on("error", () => {});
      FirstFile.#watches++;
      return watcher;
    } catch {
      return undefined;
    }
  }

  /** The engine keeps other files there, too. Of the folder's own end its name is told. */
  #changed(name: string | null): void {
    if (this.#state.type !== "waiting") return;
    if (name === LOCAL) {
      // The file comes a moment later, in a folder that is not watched.
      FirstFile.#looks.add(this.#lookInTurn);
      this.#soon();
    } else if (name === null || this.#names.includes(name) || name === this.#id) this.#look();
  }

  #lookOn(): boolean {
    if (this.#state.type !== "waiting" || performance.now() > this.#until) return false;
    this.#look();
    return true;
  }

  #look(): void {
    this.#isDue = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#looking = this.#lookWhileDue();
  }

  async #lookWhileDue(): Promise<void> {
    do {
      this.#isDue = false;
      const state = this.#state;
      if (state.type !== "waiting" || state.place === undefined) break;
      const found = await this.#lookIn(state.place).catch(() => "absent" as const);
      await this.#saw(found);
    } while (this.#isDue);
    this.#isLooking = false;
  }

  async #saw(found: OpenFile | "waiting" | "absent"): Promise<void> {
    const isWaiting = this.#state.type === "waiting";
    this.#isNew = this.#looksDone++ > 0;
    if (found === "absent" && isWaiting) this.#become({ type: "absent" });
    if (typeof found === "string") return;
    if (!isWaiting) return found.handle.close();
    this.#become({ type: "found", file: found });
    if (basename(found.path) !== PODMAN) this.#counting = this.#count(found);
  }

  /** The container may write as fast as it can from now on. */
  async #count({ path, inode }: OpenFile): Promise<Count> {
    const folder = dirname(path);
    const { rotations } = new LogFolder({ root: this.#root, path, folder, fileBytes: 0 });
    return { rotations, ordinal: await rotations.ordinalOf(inode) };
  }

  /** In the folder itself. */
  get #names(): readonly string[] {
    return [`${this.#id}-json.log`, PODMAN];
  }

  /** Opens what is there before anything else is asked: each question may take longer than the container lives. */
  async #lookIn({ folder, real }: Place): Promise<OpenFile | "waiting" | "absent"> {
    if (FirstFile.#open >= MOST_OPEN) return "waiting";
    const local = join(folder, LOCAL, "container.log");
    let isOdd = false;
    const odd = (): undefined => void (isOdd = true);
    const [ofLocal, ...others] = await Promise.all([
      openIn(join(real, LOCAL), "container.log", local).catch(odd),
      ...this.#names.map((name) => openIn(real, name, join(folder, name)).catch(odd)),
    ]);
    const isLinked = ofLocal !== undefined && (await isLink(join(real, LOCAL)));
    const own = others.find((file) => file !== undefined) ?? (isLinked ? undefined : ofLocal);
    const file = isOdd ? undefined : own;
    for (const other of [ofLocal, ...others]) if (other !== file) await other?.handle.close();
    if (file !== undefined) return file;
    return isOdd || isLinked || (await inodeOf(real)) === undefined ? "absent" : "waiting";
  }
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}
