/**
 * How long what is usual may last before health tells of it, in milliseconds. docs/operating.md quotes each. What is not usual
 * for a moment either (an engine that can't be reached, a sink that is called again, a store that fails) is told at once.
 */
export const BOUNDS = {
  /** A stream that is opened again and again, or a container that is asked for again: streams are cut, and engines busy. */
  troubleMs: 2_000,
  /** For so long after damaged bytes, however well they could be read again: something changes them on their way. */
  damagedMs: 300_000,
  /** An answer of the engine, without a byte: a little more than `connectTimeoutMs` by default. */
  silentMs: 15_000,
  /** A read of a log file. */
  diskMs: 5_000,
  /** An events stream that ended is opened again at once. */
  eventsMs: 5_000,
  /** An engine is listed every 30 s, and a list may take 50 s. */
  listedMs: 90_000,
  /** Beyond what was asked for: the time in which each container has two turns, or two rotations. */
  overdueMs: 10_000,
  /** Tasks that are to end have `rotateTimeoutMs`, and so much more. */
  closingMs: 2_000,
  /** A batch that a sink was handed, before its attempt has failed. */
  sinkMs: 10_000,
  /** Records that nobody asks for, while there is room for more. */
  untakenMs: 30_000,
  /** Likewise, while reading waits for room. */
  fullMs: 10_000,
  /** A call of the checkpoint store. */
  storeMs: 10_000,
  /** A store that failed is asked again within half a minute, which may take another: what failed before that is over. */
  storeRetryMs: 90_000,
} as const;
