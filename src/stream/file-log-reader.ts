import { dirname } from "node:path";
import type { ToldRun } from "../container/run-log.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { FirstFile } from "../files/first-file.ts";
import { FileChanges } from "../files/file-changes.ts";
import type { FileNews, FilesFrom, LogFileReader, LogLocation } from "../files/log-files.ts";
import { hasTooManyOpen } from "../files/unreadable.ts";
import { onAbort } from "../lifetime/abort.ts";
import { groupedEntries, oldestTimestamp } from "../resume/position.ts";
import type { Position, Spot } from "../resume/position.ts";
import type { Entries, Entry } from "../wire/entry.ts";
import { CertainLines } from "./certain-lines.ts";
import { ContainerLooks } from "./container-looks.ts";
import type { HeldFiles } from "./held-files.ts";
import type { Entrance, LogReader, ReadEnd, ReadHandlers, ReadQuery, Visit } from "./log-reader.ts";
import { RunEnd } from "./run-end.ts";
import { ShownFiles } from "./shown-files.ts";
import type { Tail } from "./tail-size.ts";

/** Opens a container's log files. @throws DockspoolError FILES_UNREADABLE */
export type OpenFiles = (
  location: LogLocation,
  from: FilesFrom,
) => Promise<LogFileReader | undefined>;

interface Parts {
  readonly client: EngineClient;
  readonly inspection: Inspection;
  readonly location: LogLocation;
  /** An event has told of the run, which the inspection does not show. */
  readonly told?: ToldRun | undefined;
  /** The log's first file, looked for before the container ran. */
  readonly first?: FirstFile | undefined;
  /** What a read before has left open, and the next one may need. */
  readonly held?: HeldFiles | undefined;
  readonly open: OpenFiles;
  readonly sawBytes: () => void;
}

/** A hint's place, and what stands before it, are shown from so many entries more. */
const HINT_ENTRIES = 2;

/** Reads one container's log as entries, from the engine's own files: whatever the engine's follows leave out, these have. */
export class FileLogReader implements LogReader {
  static #followed = 0;

  readonly via = "files";
  readonly inspection: Inspection;
  readonly certain: CertainLines = new CertainLines();
  readonly dropsAtDamage = false;
  readonly damage = undefined;
  readonly isOpen = false;
  /** A log that Podman begins anew, as far as it says so, is not read from files. */
  readonly isOneFile = false;
  readonly #location: LogLocation;
  readonly #first: FirstFile | undefined;
  readonly #held: HeldFiles | undefined;
  readonly #openFiles: OpenFiles;
  readonly #looks: ContainerLooks;
  readonly #runEnd: RunEnd;
  readonly #sawBytes: () => void;
  #sought: { readonly entrance: Entrance; readonly files: ShownFiles } | undefined;
  #files: ShownFiles | undefined;
  #remains: readonly Entry[] = [];
  #spot: Spot | undefined;
  #awaitsDiskSince: number | undefined;
  #sawStart = false;

  constructor({ client, inspection, location, told, first, held, open, sawBytes }: Parts) {
    this.inspection = wholeAsShown(inspection);
    this.#location = location;
    this.#first = first;
    this.#held = held;
    this.#openFiles = open;
    this.#sawBytes = sawBytes;
    this.#looks = new ContainerLooks(client, inspection);
    this.#runEnd = new RunEnd(client, inspection, told);
  }

  /** How many are followed in this process. */
  static get followed(): number {
    return FileLogReader.#followed;
  }

  allowsTail(): boolean {
    return true;
  }

  get spot(): Spot | undefined {
    return this.#spot;
  }

  get filesAtStart(): number | undefined {
    return this.#files?.filesAtStart;
  }

  get isHolding(): boolean {
    return this.#files?.isHolding === true;
  }

  get sawStart(): boolean {
    return this.#sawStart;
  }

  get awaitsDiskSince(): number | undefined {
    return this.#awaitsDiskSince;
  }

  remains(): readonly Entry[] {
    return this.#remains;
  }

  tail(entries: number): number {
    return entries;
  }

  passed(count: number = Infinity): void {
    this.#files?.passed(count);
  }

  lookNow(): void {
    this.#runEnd.lookNow();
  }

  async seek(place: Position, entries: Tail, signal: AbortSignal): Promise<Entrance | undefined> {
    await this.#dropSought();
    const find = async (): Promise<ShownFiles | undefined> =>
      entries === "all" ? undefined : this.#find(place, entries, signal);
    const files = await (this.#held?.next(find) ?? find());
    if (files === undefined) return undefined;
    const isPlace = files.isAtPlace;
    const entrance = { isLogStart: files.fromStart && !isPlace, isPlace };
    this.#sought = { entrance, files };
    if (signal.aborted) await this.#dropSought();
    signal.throwIfAborted();
    return entrance;
  }

  /** Opens them so that the place is shown. */
  async #find(
    place: Position,
    entries: number,
    signal: AbortSignal,
  ): Promise<ShownFiles | undefined> {
    const { spot } = place;
    const hint: FilesFrom | undefined = spot && {
      type: "hint",
      place: { inode: spot.file, offset: spot.offset },
      entries: entries + HINT_ENTRIES,
    };
    const timestamp = oldestTimestamp(place);
    const before = Math.max(1, entries - groupedEntries(place));
    const search: FilesFrom | undefined =
      timestamp === undefined ? undefined : { type: "before", timestamp, entries: before };
    const found = (hint && (await this.#open(hint))) ?? (search && (await this.#open(search)));
    return this.#orFirst(found, signal);
  }

  /** @throws DockspoolError FILES_UNREADABLE; the signal's reason */
  async read(query: ReadQuery, handlers: ReadHandlers, signal: AbortSignal): Promise<ReadEnd> {
    const files = await this.#begin(query, signal);
    if (files === undefined) return "cut";
    this.#files = files;
    this.#remains = [];
    let isLeft = false;
    try {
      signal.throwIfAborted();
      handlers.opened?.();
      return query.follow
        ? await this.#follow(files, handlers, signal)
        : await this.#readToEnd(files, handlers, signal);
    } catch (error) {
      isLeft = signal.aborted || hasTooManyOpen(error);
      throw error;
    } finally {
      await (isLeft ? this.#leave(files) : files.close());
    }
  }

  maxFileBytes(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  runsOn(signal: AbortSignal): Promise<boolean> {
    return this.#looks.runsOn(signal);
  }

  standsStill(signal: AbortSignal): Promise<boolean> {
    return this.#looks.standsStill(signal);
  }

  isThere(signal: AbortSignal): Promise<boolean> {
    return this.#looks.isThere(signal);
  }

  async #begin({ tail, from }: ReadQuery, signal: AbortSignal): Promise<ShownFiles | undefined> {
    const sought = this.#sought;
    this.#sought = undefined;
    if (from !== undefined && from === sought?.entrance) return sought.files;
    if (sought !== undefined) await this.#leave(sought.files);
    const file = tail === "all" ? await this.#first?.take(this.#location.path, signal) : undefined;
    if (file !== undefined) return this.#open({ type: "file", file });
    return this.#open(tail === "all" ? { type: "start" } : { type: "tail", entries: tail });
  }

  async #open(from: FilesFrom): Promise<ShownFiles | undefined> {
    const files = await this.#disk(this.#openFiles(this.#location, from));
    return files && new ShownFiles(files);
  }

  /** Its answer may take for ever: on a network file system whose server is gone. */
  async #disk<T>(answer: Promise<T>): Promise<T> {
    this.#awaitsDiskSince = performance.now();
    try {
      return await answer;
    } finally {
      this.#awaitsDiskSince = undefined;
    }
  }

  /** Where the log's files are gone already, the first one may be open. */
  async #orFirst(
    files: ShownFiles | undefined,
    signal: AbortSignal,
  ): Promise<ShownFiles | undefined> {
    if (files?.hasFile === true) return files;
    const file = await this.#first?.take(this.#location.path, signal);
    if (file === undefined) return files;
    await files?.close();
    return this.#open({ type: "file", file });
  }

  async #dropSought(): Promise<void> {
    const sought = this.#sought;
    this.#sought = undefined;
    if (sought !== undefined) await this.#leave(sought.files);
  }

  /** Another read may go on with them. */
  async #leave(files: ShownFiles): Promise<void> {
    await (this.#held?.put(files) ?? files.close());
  }

  async #readToEnd(
    files: ShownFiles,
    handlers: ReadHandlers,
    signal: AbortSignal,
  ): Promise<ReadEnd> {
    for (;;) {
      const news = await this.#disk(files.next());
      signal.throwIfAborted();
      if (news.type === "end" || news.type === "gone") break;
      if ((await this.#take(news, handlers)) === "stop") return "stopped";
    }
    if (this.inspection.running) return "complete";
    const remains = files.remains();
    this.#sawStart = remains.length > 0 && !(await this.standsStill(signal));
    if (remains.length === 0 || this.#sawStart) return "complete";
    return (await handlers.visit(remains)) === "stop" ? "stopped" : "complete";
  }

  async #follow(files: ShownFiles, handlers: ReadHandlers, signal: AbortSignal): Promise<ReadEnd> {
    FileLogReader.#followed++;
    const changes = new FileChanges(dirname(this.#location.path), this.#location.folder);
    const unlink = onAbort(signal, () => changes.wake());
    const runEnd = this.#runEnd.watch(() => changes.wake(), signal);
    try {
      let hasBrought = false;
      let hasEnded = false;
      for (;;) {
        const news = await this.#disk(files.next());
        signal.throwIfAborted();
        if (news.type !== "end" && news.type !== "gone") {
          hasBrought = true;
          if ((await this.#take(news, handlers)) === "stop") return "stopped";
          continue;
        }
        if (handlers.shownAll?.() === "stop") return "stopped";
        if (hasEnded) break;
        // What the run has written until its end was known is read by one more look.
        hasEnded = runEnd.hasEnded;
        if (hasEnded) continue;
        if (news.type === "gone") this.#runEnd.lookNow();
        if (await changes.wait(hasBrought, signal)) files.changed();
        hasBrought = false;
      }
      this.#remains = files.remains();
      // The log of a run has a file: it was deleted before it was seen.
      return files.hasFile ? "complete" : "cut";
    } finally {
      FileLogReader.#followed--;
      unlink();
      changes.close();
      await runEnd.close();
    }
  }

  async #take(
    news: Exclude<FileNews, { type: "end" | "gone" }>,
    { bytes, visit, hole }: ReadHandlers,
  ): Promise<"stop" | void> {
    if (news.type === "hole") return hole?.(news.cause === "deleted" ? "gone" : news.cause);
    this.#sawBytes();
    bytes?.();
    const { inode, offset } = news.place(0);
    this.#spot = { file: inode, offset };
    return visitAll(news.entries, visit);
  }
}

function visitAll(entries: Entries, visit: Visit): ReturnType<Visit> {
  return entries.length === 0 ? undefined : visit(entries);
}

/** As its files show it: whole, and to the end. */
export function wholeAsShown(inspection: Inspection): Inspection {
  const { traits } = inspection;
  return {
    ...inspection,
    followIsWhole: true,
    traits: {
      ...traits,
      exactTail: true,
      findsTails: true,
      followReachesEnd: true,
      headersWithFirstLine: false,
      followOutlivesExit: false,
    },
  };
}
