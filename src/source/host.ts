import type { HeldBody } from "../engine/body.ts";
import type { ViewHost } from "../container/host.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { FirstFile } from "../files/first-file.ts";
import { onAbort } from "../lifetime/abort.ts";
import type { Position } from "../resume/position.ts";
import type { ByteBudget } from "../queue/byte-budget.ts";
import type { Start } from "../lines/line-options.ts";
import type { Trouble } from "./attempts.ts";

/** The right to have one log stream open, from its grant until it is released. */
export interface Turn {
  /** Gives it back, once: what is called again does nothing. */
  release(): void;
}

/** An open stream, as it shows to those who wait for a turn. */
export interface TurnStream {
  readonly openingMs: number;
  /** Since when the turn has had a stream, however often that was rotated; by `performance.now()`. */
  readonly servedSince: number;
  /** Since when it has brought nothing new, by `performance.now()`. */
  readonly quietSince: number;
}

export interface TurnHolder {
  /** Undefined until it is open. */
  stream(): TurnStream | undefined;
  /** Asks for the turn back. Called once a turn. */
  yield(): void;
}

/**
 * What a turn may bring: lines of a container that has just started, and may be gone soon; of one that was never read; of
 * one whose last turn brought some; or likely none.
 */
export type Interest = "started" | "unread" | "active" | "idle";

export interface TurnRequest {
  readonly holder: TurnHolder;
  readonly interest: Interest;
  /** It has to wait. */
  readonly queued: () => void;
}

export interface Turns {
  /** @throws the signal's reason */
  take(request: TurnRequest, signal: AbortSignal): Promise<Turn>;
}

/** A stream that is open and not read yet, with its turn. */
export interface HeldStream {
  readonly turn: Turn;
  readonly body: HeldBody;
}

export interface HeadStart {
  /** The container is about to start: the stream is asked for. */
  begin(): void;
  readonly isStarting: boolean;
  /** It was looked at, and has not started: its log will be in a file, or not. */
  knows(inspection: Inspection): void;
  /** Undefined where it could not be opened, or once `signal` aborts: nothing of it is held then. */
  take(holder: TurnHolder, signal: AbortSignal): Promise<HeldStream | undefined>;
  /** The log's file is open. */
  hasFile(): Promise<boolean>;
  /** The log's file instead of the stream, which is cancelled; undefined where none is looked for. The caller is to close it. */
  takeFile(): FirstFile | undefined;
  /** Nobody wants it. What was taken is the taker's. */
  cancel(): void;
}

/** What is known of a container before its source asks. */
export interface Finding {
  readonly inspection: Inspection;
  /** Where reading begins. */
  readonly start: Start;
  /** Reading goes on where another process left off. */
  readonly isResumed?: boolean;
  /** It has just started: by an event of this time, in epoch milliseconds; Infinity where it is about to. */
  readonly startedBy: number | undefined;
  /** The inspection is from before that start. */
  readonly isFromBefore?: boolean;
  /** Something has happened to it since that look, and its source was not told. */
  readonly isOutdated?: boolean;
  /** It may be gone soon. */
  readonly isUrgent?: boolean;
  /** It was created since the pool, and nothing of it was read before. */
  readonly isNew?: boolean;
  /** Its stream was asked for already. */
  readonly headStart?: HeadStart | undefined;
  /** What the source before it failed by. */
  readonly trouble?: Trouble | undefined;
}

/** As it shows to a source, which has not seen a start that an event told of. */
export function adopted({ inspection, isFromBefore = false }: Finding): Inspection {
  return isFromBefore ? { ...inspection, startedAt: undefined } : inspection;
}

/** Keeps a source's position. */
export interface SourceCheckpoint {
  /** Where another process left off; undefined where a pool knows. */
  load?(container: string, signal: AbortSignal): Promise<Position | undefined>;
  /** The position may have moved. */
  moved(): void;
  /** Saves it now. Resolves with false where that takes longer. Never rejects: what can't be saved is told. */
  saveWithin(timeoutMs: number): Promise<boolean>;
  /** The container is gone. */
  gone(): void;
}

/** What a source works with: its own, or what the sources of a pool share. */
export interface SourceHost extends ViewHost {
  /** Undefined: as many streams as there are sources. */
  readonly turns: Turns | undefined;
  readonly budget: ByteBudget | undefined;
  /** Chunks that wait, and came within so many milliseconds, are handed out together. */
  readonly joinWithinMs: number;
  readonly finding: Finding | undefined;
  /** Undefined: positions are not kept. */
  readonly checkpoint: SourceCheckpoint | undefined;
  /** Calls back when the engine can be reached again. Returns what unlinks it. */
  readonly onRecovery: (callback: () => void) => () => void;
  /** How many sockets are the source's, `isReading` or not. */
  readonly sockets: (isReading: boolean) => number;
  /** A batch is in the buffer, or its end. */
  readonly ready: () => void;
  /** The source has ended. */
  readonly release: () => Promise<void>;
}

/** How often a source that stands alone looks at its container, whether that runs or stands still. */
const LOOK_EVERY_MS = 30_000;

/** What a source has that stands alone. */
export function ownHost(client: EngineClient, checkpoint?: SourceCheckpoint): SourceHost {
  return {
    client,
    turns: undefined,
    budget: undefined,
    joinWithinMs: Infinity,
    finding: undefined,
    checkpoint,
    listen: (container, handlers, signal) => client.readEvents(container, handlers, signal),
    onRecovery: () => () => {},
    isWatching: () => false,
    lookEveryMs: LOOK_EVERY_MS,
    sockets: () => client.sockets,
    ready: () => {},
    release: () => client.close(),
  };
}

/** Sleeps for `ms`, or until the engine is there again. @throws the signal's reason */
export function sleepOrRecover(
  { onRecovery }: SourceHost,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      unlink();
      forget();
    };
    const wake = (): void => {
      end();
      resolve();
    };
    const timer = setTimeout(wake, ms);
    const forget = onRecovery(wake);
    const unlink = onAbort(signal, () => {
      end();
      reject(signal.reason);
    });
  });
}
