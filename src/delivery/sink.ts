import type { LogBatch } from "../wire/records.ts";

export interface SinkContext {
  /** Aborts when the attempt has taken too long, or nothing more is to be delivered. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

/**
 * Takes records out of the library. What it returns is awaited; a throw or a rejection is a failed attempt. It gets one
 * batch at a time. By fields of what it throws it says that another attempt is of no use, or when it is: see `SinkError`.
 */
export type Sink = (records: LogBatch, context: SinkContext) => void | Promise<void>;

export interface DeliveryOptions {
  /** Stands in statuses and errors; default the function's name, else "sink". */
  name?: string;
  /** Records in a batch at the most; default 1,000. */
  maxRecords?: number;
  /** A record waits no longer than so many milliseconds for its batch to fill; default 200. */
  maxWaitMs?: number;
  /** Milliseconds for each attempt; default 30,000. */
  timeoutMs?: number;
  /** Default: Infinity attempts, with 100 to 30,000 milliseconds between them, full jitter. */
  retry?: { attempts?: number; minDelayMs?: number; maxDelayMs?: number };
  /**
   * Called with what was given up after the last attempt, or because the sink said that no other would help; what it returns is awaited, for as long as an attempt may take. Then
   * those records count as delivered. Where it fails, or is not given, the delivery fails.
   */
  deadLetter?: (records: LogBatch, error: unknown) => void | Promise<void>;
}

/** One sink's records on their way. */
export interface Delivery {
  /**
   * Resolves when nothing more comes and all was delivered. Rejects with SINK_FAILED, with what ended reading, with the
   * signal's reason, or with TASKS_STILL_RUNNING where `close()` could not wait any longer. It need not be looked at.
   */
  readonly done: Promise<void>;
  /** Delivers what was read by now, full batch or not. @throws as `done` rejects */
  flush(): Promise<void>;
  /** Delivers what was read by now, then ends. @throws as `done` rejects */
  stop(): Promise<void>;
}
