import { dirname } from "node:path";
import type { ToldRun } from "../container/run-log.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { FirstFile } from "../files/first-file.ts";
import { FileChanges } from "../files/file-changes.ts";
import type { FileNews, FilesFrom, LogFileReader, LogLocation } from "../files/log-files.ts";
import { onAbort } from "../lifetime/abort.ts";
import { groupedEntries, oldestTimestamp } from "../resume/position.ts";
import type { Position, Spot } from "../resume/position.ts";
import type { Entries, Entry } from "../wire/entry.ts";
import { CertainLines } from "./certain-lines.ts";
import { ContainerLooks } from "./container-looks.ts";
import type { Entrance, LogReader, ReadEnd, ReadHandlers, ReadQuery, Visit } from "./log-reader.ts";
import { RunEnd } from "./run-end.ts";

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
  readonly #open: OpenFiles;
  readonly #looks: ContainerLooks;
  readonly #runEnd: RunEnd;
  readonly #sawBytes: () => void;
  #sought: { readonly entrance: Entrance; readonly files: LogFileReader } | undefined;
  #files: LogFileReader | undefined;
  #remains: readonly Entry[] = [];
  #spot: Spot | undefined;

  constructor({ client, inspection, location, told, first, open, sawBytes }: Parts) {
    this.inspection = wholeAsShown(inspection);
    this.#location = location;
    this.#first = first;
    this.#open = open;
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

  remains(): readonly Entry[] {
    return this.#remains;
  }

  tail(entries: number): number {
    return entries;
  }

  lookNow(): void {
    this.#runEnd.lookNow();
  }

  async seek(place: Position, entries: number, signal: AbortSignal): Promise<Entrance | undefined> {
    await this.#dropSought();
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
    let files: LogFileReader | undefined;
    if (hint !== undefined) files = await this.#open(this.#location, hint);
    if (files === undefined && search !== undefined)
      files = await this.#open(this.#location, search);
    files = await this.#orFirst(files, signal);
    if (files === undefined) return undefined;
    const entrance = { isLogStart: files.fromStart };
    this.#sought = { entrance, files };
    if (signal.aborted) await this.#dropSought();
    signal.throwIfAborted();
    return entrance;
  }

  /** @throws DockspoolError FILES_UNREADABLE; the signal's reason */
  async read(query: ReadQuery, handlers: ReadHandlers, signal: AbortSignal): Promise<ReadEnd> {
    const files = await this.#begin(query, signal);
    if (files === undefined) return "cut";
    this.#files = files;
    this.#remains = [];
    try {
      signal.throwIfAborted();
      handlers.opened?.();
      return query.follow
        ? await this.#follow(files, handlers, signal)
        : await this.#readToEnd(files, handlers, signal);
    } finally {
      await files.close();
    }
  }

  maxFileBytes(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  runsOn(signal: AbortSignal): Promise<boolean> {
    return this.#looks.runsOn(signal);
  }

  isThere(signal: AbortSignal): Promise<boolean> {
    return this.#looks.isThere(signal);
  }

  async #begin({ tail, from }: ReadQuery, signal: AbortSignal): Promise<LogFileReader | undefined> {
    const sought = this.#sought;
    this.#sought = undefined;
    if (from !== undefined && from === sought?.entrance) return sought.files;
    await sought?.files.close();
    const file = tail === "all" ? await this.#first?.take(this.#location.path, signal) : undefined;
    if (file !== undefined) return this.#open(this.#location, { type: "file", file });
    const start: FilesFrom = tail === "all" ? { type: "start" } : { type: "tail", entries: tail };
    return this.#open(this.#location, start);
  }

  /** Where the log's files are gone already, the first one may be open. */
  async #orFirst(
    files: LogFileReader | undefined,
    signal: AbortSignal,
  ): Promise<LogFileReader | undefined> {
    if (files?.hasFile === true) return files;
    const file = await this.#first?.take(this.#location.path, signal);
    if (file === undefined) return files;
    await files?.close();
    return this.#open(this.#location, { type: "file", file });
  }

  async #dropSought(): Promise<void> {
    const sought = this.#sought;
    this.#sought = undefined;
    await sought?.files.close();
  }

  async #readToEnd(
    files: LogFileReader,
    handlers: ReadHandlers,
    signal: AbortSignal,
  ): Promise<ReadEnd> {
    for (;;) {
      const news = await files.next();
      signal.throwIfAborted();
      if (news.type === "end" || news.type === "gone") break;
      if ((await this.#take(news, handlers)) === "stop") return "stopped";
    }
    if (this.inspection.running) return "complete";
    const remains = files.remains();
    const isStopped = remains.length > 0 && (await handlers.visit(remains)) === "stop";
    return isStopped ? "stopped" : "complete";
  }

  async #follow(
    files: LogFileReader,
    handlers: ReadHandlers,
    signal: AbortSignal,
  ): Promise<ReadEnd> {
    FileLogReader.#followed++;
    const changes = new FileChanges(dirname(this.#location.path), this.#location.folder);
    const unlink = onAbort(signal, () => changes.wake());
    const runEnd = this.#runEnd.watch(() => changes.wake(), signal);
    try {
      let hasBrought = false;
      let hasEnded = false;
      for (;;) {
        const news = await files.next();
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
    if (news.type === "hole") return hole?.(news.cause === "damaged" ? "damaged" : "gone");
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
