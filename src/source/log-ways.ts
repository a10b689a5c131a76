import { access } from "node:fs/promises";
import type { ToldRun } from "../container/run-log.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import { hasStarted } from "../engine/inspection.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError, asSentence } from "../errors.ts";
import { FirstFile } from "../files/first-file.ts";
import { openLogFiles } from "../files/open-log-files.ts";
import type { LogLocation } from "../files/log-files.ts";
import { hasTooManyOpen } from "../files/unreadable.ts";
import { EngineLogReader } from "../stream/engine-log-reader.ts";
import { FileLogReader, wholeAsShown } from "../stream/file-log-reader.ts";
import { proveFiles } from "../stream/file-proof.ts";
import { HeldFiles } from "../stream/held-files.ts";
import { firstFileRoot, locateFiles } from "../stream/log-location.ts";
import type { Located } from "../stream/log-location.ts";
import { DiskAnswers, SilentDisk } from "./disk-answers.ts";
import type { HeadStart } from "./host.ts";
import { KnownFile } from "./known-file.ts";
import type { ReadOptions } from "./read-options.ts";
import { StandbyFile } from "./standby-file.ts";
import type { SourceStatus } from "./status.ts";
import type { TurnKeeper } from "./turn.ts";

/** Descriptors are the process's: so many logs are followed from files at once, each by one, and by more while small files fill. */
const MOST_FOLLOWED = 2_048;
/** A file that is not there may be made at once, or its container is being removed: so many looks in a row do not find it. */
const LOOKS_FOR_FILE = 5;

/** How the next generation reads. */
export type Way =
  | {
      readonly via: "engine";
      /** Its stream was asked for before its container ran. */
      readonly isHeadStart?: boolean;
    }
  | {
      readonly via: "files";
      readonly location: LogLocation;
      /** An event has told of its run. */
      readonly told?: ToldRun | undefined;
      /** Its first file, looked for before it ran. */
      readonly first?: FirstFile | undefined;
      /** What the read before has left open. */
      readonly held: HeldFiles;
    };

const ENGINE: Way = { via: "engine" };
const HEAD_START: Way = { via: "engine", isHeadStart: true };

const REPLACED =
  "it has a max-size, with which Podman puts a new file in the place of a full one: files that are filled between two looks would be missed";

type ReadingStatus = Extract<SourceStatus, { type: "reading" }>;

/** What is known of a container that starts. */
export interface Starting {
  readonly told: ToldRun | undefined;
  readonly headStart: HeadStart | undefined;
  /** It runs already: one of its streams is reopened. */
  readonly isReopened?: boolean;
}

/** Chooses, for one container, how each generation reads its log. */
export class LogWays {
  readonly #options: ReadOptions;
  readonly #client: EngineClient;
  readonly #turn: Pick<TurnKeeper, "take" | "give">;
  readonly #told: (status: ReadingStatus) => void;
  /** What a read has left open. */
  readonly held: HeldFiles = new HeldFiles();
  readonly #known: KnownFile;
  readonly #disk = new DiskAnswers();
  readonly standby: StandbyFile = new StandbyFile(this.#disk);
  #missed = 0;
  #last: ReadingStatus | undefined;

  /** `cameAt`: when something new came last, by `performance.now()`. */
  constructor(
    options: ReadOptions & { readonly stallProbeMs: number | false },
    client: EngineClient,
    turn: Pick<TurnKeeper, "take" | "give">,
    told: (status: ReadingStatus) => void,
    cameAt: () => number,
  ) {
    this.#options = options;
    this.#known = new KnownFile({ cameAt, stallProbeMs: options.stallProbeMs });
    this.#client = client;
    this.#turn = turn;
    this.#told = told;
  }

  /**
   * Undefined where a turn had to be waited for, which is had now: the container may not be as it was.
   *
   * @throws DockspoolError FILES_UNREADABLE where only files will do; the signal's reason
   */
  async choose(
    inspection: Inspection,
    starting: Starting,
    signal: AbortSignal,
  ): Promise<Way | undefined> {
    // What keeps nothing is refused by the engine, whichever way is chosen.
    if (this.#options.read === "engine" || inspection.info.logDriver === "none") return ENGINE;
    let chosen: Way | string | undefined;
    try {
      chosen = await this.#look(inspection, starting, signal);
    } catch (error) {
      if (!(error instanceof SilentDisk)) throw error;
      if (this.#options.read === "files") throw unreadable(inspection, error.message, true);
      return this.#tell({ type: "reading", via: "engine", reason: error.message }, ENGINE);
    }
    if (chosen === undefined) return undefined;
    if (typeof chosen === "string" || chosen.via === "engine") await this.held.drop();
    if (typeof chosen === "object" && chosen.via === "engine") return chosen;
    if (typeof chosen !== "string") {
      this.#missed = 0;
      // Files need none.
      this.#turn.give();
      return this.#tell({ type: "reading", via: "files" }, chosen);
    }
    if (this.#options.read === "files") throw this.#refused(inspection, chosen);
    return this.#tell({ type: "reading", via: "engine", reason: chosen }, ENGINE);
  }

  /** Since when the disk does not tell how to read, by `performance.now()`; undefined where the engine is read meanwhile. */
  get awaitsDiskSince(): number | undefined {
    return this.#last?.via === "engine" ? undefined : this.#disk.awaitedSince;
  }

  /** Files are read where that can be. */
  get takesFiles(): boolean {
    return this.#options.read !== "engine";
  }

  /** The log's file is known, wherever the container has got to since. */
  get isProved(): boolean {
    return this.#known.path !== undefined;
  }

  /** It stands still. Before its first start its file is looked for, since that may be gone a moment after it was made. */
  standsStill(inspection: Inspection): void {
    if (!this.takesFiles) return;
    const attributes = this.#client.givesAttributes(inspection.traits);
    const root = firstFileRoot(inspection, this.#options.files.root, attributes);
    if (root === undefined) return;
    this.standby.waitsForStart(inspection, () => new FirstFile(root, inspection.info.id));
  }

  /**
   * Whether a stream that was opened before the container ran is to be closed, to go on from its file: that is open by then, since
   * the container may be gone a moment later. Where there is none, and that will do, the stream is as good.
   */
  async isToHandOver({ info }: Inspection, signal: AbortSignal): Promise<boolean> {
    const isRefused = this.#options.read === "files";
    try {
      const inspection = await this.#client.inspect(info.id, signal);
      const located = await this.#locate(inspection, signal);
      // What it has left is read by the stream.
      if (!inspection.running) return false;
      if ("refusal" in located) return isRefused;
      if (located.location.format === "k8s-file") return true;
      const first = new FirstFile(located.location.root, info.id);
      if ((await this.#disk.of(() => first.isFound(), signal)) && !signal.aborted) {
        this.standby.waitsForStream(inspection, first);
        return true;
      }
      await first.close();
      if (signal.aborted || isRefused) return isRefused;
      const reason = missing(located.location);
      this.#tell({ type: "reading", via: "engine", reason }, ENGINE);
      return false;
    } catch {
      return false;
    }
  }

  /** Nothing is read any more. */
  async end(): Promise<void> {
    await this.held.close();
    await this.standby.close();
  }

  /** Whether another try may help after that error of a read: "auto" has another way. */
  mayPass(error: DockspoolError): boolean {
    if (!hasTooManyOpen(error)) this.#known.forget();
    return this.#options.read === "auto" || error.transient;
  }

  /** The way to the files, or why there is none. */
  async #look(
    inspection: Inspection,
    { told, headStart, isReopened = false }: Starting,
    signal: AbortSignal,
  ): Promise<Way | string | undefined> {
    const located = await this.#locate(inspection, signal);
    if ("refusal" in located) {
      this.#missed = LOOKS_FOR_FILE;
      return located.refusal;
    }
    const { location } = located;
    if (FileLogReader.followed >= MOST_FOLLOWED)
      return `${MOST_FOLLOWED} logs are followed from files already`;
    const way: Way = { via: "files", location, told, held: this.held };
    // What is held open is read no other way, whatever is there now.
    const disk = this.#disk;
    if (await disk.of(() => this.held.areNeeded(), signal, { isForEver: true })) return way;
    // Of an empty log the path alone tells, which bears the container's id. There may be no time for another look.
    if (headStart !== undefined && (await disk.of(() => headStart.hasFile(), signal))) return way;
    if (await this.standby.isFound(signal)) return way;
    const isFirstRun = told !== undefined && !hasStarted(told.before);
    if (isFirstRun && (await this.#isThere(location.folder, signal))) return way;
    if (headStart !== undefined) return HEAD_START;
    // One that was not started yet has none.
    if (
      !inspection.running &&
      !hasStarted(inspection.startedAt) &&
      !(await this.#isThere(location.path, signal))
    )
      return ENGINE;
    const isKnown = this.#known.path === location.path;
    if (isKnown && !this.#known.isDoubtful(inspection.running, isReopened))
      return (await this.#isThere(location.path, signal)) ? way : missing(location);
    // It reads a stream of the engine's, too.
    if (await this.#turn.take(signal)) return undefined;
    const reason = await this.#prove(inspection, location, isKnown, signal);
    return reason ?? way;
  }

  /** Why the file is not this container's log; undefined where it is. */
  async #prove(
    inspection: Inspection,
    location: LogLocation,
    isKnown: boolean,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const files = new FileLogReader({
        client: this.#client,
        inspection,
        location,
        open: openLogFiles,
        sawBytes: () => {},
      });
      const engine = new EngineLogReader(this.#client, wholeAsShown(inspection), () => {});
      const sinceOf = (): number | undefined => files.awaitsDiskSince;
      const proof = await this.#disk.of(() => proveFiles(engine, files, signal), signal, {
        sinceOf,
      });
      if (proof === "another") this.#known.forget();
      if (!(await this.#isThere(location.path, signal))) return missing(location);
      if (proof === "another")
        return `${location.path} does not have the last line that the engine shows: it is another log`;
      // Of an empty log the path alone tells, which bears the container's id.
      this.#known.compared(location.path, inspection.running, proof === "not known");
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (DockspoolError.is(error, "FILES_UNREADABLE")) {
        if (error.transient && this.#options.read === "files") throw error;
        return error.message;
      }
      if (!isKnown || !DockspoolError.is(error)) throw error;
      // Reading goes on while the engine can't be asked.
      this.#known.compared(location.path, inspection.running);
      return undefined;
    }
  }

  #isThere(path: string, signal: AbortSignal): Promise<boolean> {
    const look = (): Promise<boolean> =>
      access(path).then(
        () => true,
        () => false,
      );
    return this.#disk.of(look, signal);
  }

  async #locate(inspection: Inspection, signal: AbortSignal): Promise<Located> {
    const attributes = this.#client.givesAttributes(inspection.traits);
    const located = locateFiles(inspection, this.#options.files.root, attributes);
    if ("refusal" in located || located.location.format !== "k8s-file") return located;
    const maxBytes = await this.#client.logFileBytes(inspection.info, signal);
    return maxBytes === undefined ? located : { refusal: REPLACED };
  }

  #tell(by: ReadingStatus, way: Way): Way {
    if (this.#last?.via !== by.via || this.#last.reason !== by.reason) {
      this.#last = by;
      this.#told(by);
    }
    return way;
  }

  #refused(inspection: Inspection, reason: string): DockspoolError {
    return unreadable(inspection, reason, ++this.#missed < LOOKS_FOR_FILE);
  }
}

function unreadable({ info }: Inspection, reason: string, transient: boolean): DockspoolError {
  return new DockspoolError(
    "FILES_UNREADABLE",
    `Can't read the log of container ${info.name} from files: ${asSentence(reason)}`,
    { container: info.id, transient },
  );
}

/** What was looked for before it ran is not needed any more. */
export async function closeFirst(way: Way): Promise<void> {
  if (way.via === "files") await way.first?.close();
}

function missing({ path }: LogLocation): string {
  return `there is no file ${path}`;
}
