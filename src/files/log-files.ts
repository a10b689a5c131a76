import type { Entries, Entry } from "../wire/entry.ts";
import type { OpenFile } from "./open-file.ts";
import type { FileOrdinal, RotationCount } from "./rotation-count.ts";

/** How the log driver writes: Docker's `json-file` and `local` (also its cache for remote drivers), Podman's `k8s-file`. */
export type LogFormat = "json-file" | "local" | "k8s-file";

/** A place in a container's log files: right behind an entry, or where the next one begins. */
export interface FilePlace {
  /** Decimal: it may not fit into a number. */
  readonly inode: string;
  /** In bytes; of a `.gz` file in those of its content. */
  readonly offset: number;
}

/** Where a container's log lies. */
export interface LogLocation {
  /** The engine's data root as this process sees it: nothing outside it is opened. */
  readonly root: string;
  /** The newest file: "…/ID-json.log", "…/local-logs/container.log", "…/userdata/ctr.log". Rotated ones stand beside it. */
  readonly path: string;
  /** The container's own folder, which is made with it. The log's may be made within it at its start. */
  readonly folder: string;
  readonly format: LogFormat;
  /** The container has a terminal: its entries' stream is "tty". */
  readonly tty: boolean;
  /** Entries carry what the log options `labels`, `env` and `tag` note. Default: false. */
  readonly attributes?: boolean;
  /** `k8s-file`: the engine's API tells times without their fractions (Podman before 5.8), and so do entries. Default: false. */
  readonly wholeSeconds?: boolean;
  /** The engine begins a new file behind so many bytes. Undefined where it never does, or that is not known. */
  readonly fileBytes?: number | undefined;
  /** Lines wait in memory, and are thrown away where that is full (`mode=non-blocking`): their times are earlier than they are written. Default: false. */
  readonly mayDropLines?: boolean;
  /** `local`: the last part of a long line ends it (not so for Docker before 23, see `gluesLines`). Default: true. */
  readonly lastPartEnds?: boolean;
}

/** The log's first file, open. */
export interface FoundFile extends OpenFile {
  /** Counts from when it was found; undefined where that is of no use. */
  readonly rotations: RotationCount | undefined;
  /** Its own, by that. */
  readonly ordinal: FileOrdinal | undefined;
}

/** From where on a log is read. */
export type FilesFrom =
  /** The oldest entry there is. */
  | { readonly type: "start" }
  /** That of this file, which is the log's first, and the reader's from now on. */
  | { readonly type: "file"; readonly file: FoundFile }
  /** Its last so many entries: parts of lines count as the engine counts them. */
  | { readonly type: "tail"; readonly entries: number }
  /**
   * At least `entries` ones earlier than every one with `timestamp`, so that a place known by its groups is found by alignment;
   * from the start where there are fewer. Costs a search of the file, not a read of it.
   */
  | { readonly type: "before"; readonly timestamp: string; readonly entries: number }
  /** `entries` ones before the place, or more. Where the file is gone, or shorter, `open` gives undefined. */
  | { readonly type: "hint"; readonly place: FilePlace; readonly entries: number };

/** What a look at the files has brought. */
export type FileNews =
  | {
      readonly type: "entries";
      readonly entries: Entries;
      /** The place behind `entries[index]`. */
      place(index: number): FilePlace;
    }
  /** Some of the log is missing here; what comes next goes on behind it. */
  | FileHole
  /** All that there is now has been read. Ask again when the files have changed. */
  | { readonly type: "end" }
  /** As "end", and the log's files are deleted: nothing more can come. */
  | { readonly type: "gone" };

export interface FileHole {
  readonly type: "hole";
  /** "damaged": bytes that are no entry; "deleted": the engine has removed files unread; "emptied": a file was cut by hand. */
  readonly cause: "damaged" | "deleted" | "emptied";
  readonly path: string;
  /** Where it begins in that file, and how long it is as far as that is known. */
  readonly offset: number;
  readonly bytes: number | undefined;
  /** The last timestamp read before it; the first one behind it comes with the next entries. */
  readonly after: string | undefined;
}

/** Reads one container's log files in order, each by a descriptor of its own that is opened once. */
export interface LogFileReader extends AsyncDisposable {
  /** The first entry that it gives is the log's first on the disk. */
  readonly fromStart: boolean;
  /** How many files the log had when its first entry was looked for; undefined where it was not. */
  readonly filesAtStart: number | undefined;
  /** A file of the log was found. */
  readonly hasFile: boolean;
  /**
   * Whether what comes next may be had by these descriptors alone: the file that is read is not the newest any more. Never rejects: of
   * a folder that can't be looked at it is so.
   */
  isOvertaken(): Promise<boolean>;
  /** Bytes of a beginning that is not whole yet: a line without its newline, or a part of a line. */
  readonly isHolding: boolean;
  /** It is likely that something has changed since the last `next()`. */
  changed(): void;
  /**
   * Reads on, up to a few hundred kilobytes at once. Does not wait for anything to be written. One call at a time.
   *
   * @throws DockspoolError where the files can't be read (permissions, a symbolic link, not a regular file)
   */
  next(): Promise<FileNews>;
  /** At the certain end of the log: what was held that is an entry without its end (a part of a line that does not go on). */
  remains(): readonly Entry[];
  /** Idempotent; waits for a read that is under way. */
  close(): Promise<void>;
}
