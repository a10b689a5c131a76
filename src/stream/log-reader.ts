import type { BodyEnd } from "../engine/body.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { Position, Spot } from "../resume/position.ts";
import type { Entries, Entry, Fault } from "../wire/entry.ts";
import type { CertainLines } from "./certain-lines.ts";
import type { Tail } from "./tail-size.ts";

/** How a log is read: from the Engine API, or from the engine's own files. */
export type Via = "engine" | "files";

/** Looks at the entries of a chunk. "stop" ends the read; a promise pauses it. */
export type Visit = (entries: Entries) => "stop" | void | Promise<"stop" | void>;

/** A place in the log's files from which the next read begins, instead of a tail. */
export interface Entrance {
  /** What begins there is the log's first entry. */
  readonly isLogStart: boolean;
  /** It is the place itself: what begins there was not taken yet. */
  readonly isPlace: boolean;
}

export interface ReadQuery {
  readonly follow: boolean;
  readonly tail: Tail;
  /** Wins over `tail`; what `seek` of this reader has given last. */
  readonly from?: Entrance | undefined;
}

/**
 * "damaged": it can't be read, and stays where it is. "gone": what follows is the log's beginning now, in another file; "emptied": in
 * the same.
 */
export type HoleKind = "damaged" | "gone" | "emptied";

export interface ReadHandlers {
  /** The log is open, and its bytes come next. */
  readonly opened?: () => void;
  /** Some bytes have come, though they may be no whole entry. */
  readonly bytes?: () => void;
  readonly visit: Visit;
  /** Something between the entries before and those that follow is missing, and reading goes on behind it. The engine tells of none. */
  readonly hole?: (kind: HoleKind) => void;
  /** A follow has shown all that there is by now. The engine does not tell. */
  readonly shownAll?: () => "stop" | void;
}

/** How a read ended: by the log's end or a cut of the connection, by damage, by `visit`, or by what stood in the stream. */
export type ReadEnd = BodyEnd | "damaged" | "stopped" | Fault;

/** Reads one container's log as entries, one way or the other; for one generation. */
export interface LogReader {
  readonly via: Via;
  readonly inspection: Inspection;
  /** What plain reads have shown, where a follow does not bring every line. */
  readonly certain: CertainLines;
  /** Where in the files the chunk in hand begins; undefined where the engine has sent it. */
  readonly spot: Spot | undefined;
  /** It has a follow from the log's start, which was opened before it: any other read would close that unread. */
  readonly isOpen: boolean;
  /** The engine keeps one file, and does not say by an inspection when it begins that anew (Podman's `k8s-file`). */
  readonly isOneFile: boolean;
  /** How many files the log had when its first entry was looked for; undefined where that is not known. */
  readonly filesAtStart: number | undefined;
  /** The beginning of a line has come that is in no entry yet. */
  readonly isHolding: boolean;
  /** A plain read has left open what it ended with: the container, which stood still, has started since it was looked at. */
  readonly sawStart: boolean;
  /** Since when the disk does not answer, by `performance.now()`; undefined where nothing is asked of it. */
  readonly awaitsDiskSince: number | undefined;
  /** The engine reports damage, and has then dropped some of what stands before it (Docker 26): each read shows another part. */
  readonly dropsAtDamage: boolean;
  /** What it has reported. */
  readonly damage: string | undefined;
  /** What a follow that came to its end has left undecided, where the log is read no further. */
  remains(): readonly Entry[];
  /** So many of the last entries may be asked for: the engine is not known to end itself by that. */
  allowsTail(entries: number): boolean;
  /** `tail` as this reader can give it. */
  tail(entries: number): Tail;
  /**
   * Where to begin so that `place` is shown with at least `entries` before it, or all there are, without a guess of how much came since;
   * undefined where only tails can be read. The next read takes it.
   */
  seek(place: Position, entries: Tail, signal: AbortSignal): Promise<Entrance | undefined>;
  /**
   * What the read has shown is taken, or stands before the place; of the last entries the first `count` ones, or all. What was not
   * taken is shown by the next read.
   */
  passed(count?: number): void;
  /** Something happened to the container: it may not run any more. */
  lookNow(): void;
  /** @throws DockspoolError; the signal's reason */
  read(query: ReadQuery, handlers: ReadHandlers, signal: AbortSignal): Promise<ReadEnd>;
  /** The size at which the engine begins the log's file anew, where only it says so. */
  maxFileBytes(signal: AbortSignal): Promise<number | undefined>;
  /** The container has gone on running, in the run that was seen. */
  runsOn(signal: AbortSignal): Promise<boolean>;
  /** The container has not started since it was seen standing still; nor has one that is gone. */
  standsStill(signal: AbortSignal): Promise<boolean>;
  /** The container is neither gone nor being removed. */
  isThere(signal: AbortSignal): Promise<boolean>;
}
