import { AsyncLocalStorage } from "node:async_hooks";
import { onAbort } from "../lifetime/abort.ts";
import { deadline } from "../lifetime/deadline.ts";

interface SinkCall {
  /** Whose delivery made it. */
  readonly owner: object;
  isRunning: boolean;
}

/**
 * A sink that awaits the close of what feeds it must not be awaited by that close. Only the asynchronous context tells such a
 * call from one that comes from elsewhere while the sink runs (what it costs: docs/architecture.md).
 */
const calls = new AsyncLocalStorage<SinkCall>();

/** This code was called, directly or after some awaits, by a sink of `owner` that has not returned yet. */
export function isInsideSink(owner: object): boolean {
  const call = calls.getStore();
  return call !== undefined && call.owner === owner && call.isRunning;
}

/**
 * Calls a function of the caller's and awaits what it returns.
 *
 * @throws what it throws; an error after `timeoutMs`; the signal's reason
 */
export async function callSink(
  owner: object,
  sink: (signal: AbortSignal) => void | Promise<void>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const limit = deadline(timeoutMs, signal);
  const call: SinkCall = { owner, isRunning: true };
  const running = calls.run(call, async () => {
    try {
      await sink(limit.signal);
    } finally {
      call.isRunning = false;
    }
  });
  let unlink: (() => void) | undefined;
  try {
    // A call that never settles is left to itself.
    await new Promise<void>((resolve, reject) => {
      unlink = onAbort(limit.signal, () => reject(limit.signal.reason));
      running.then(resolve, reject);
    });
  } finally {
    unlink?.();
    limit.release();
  }
}
