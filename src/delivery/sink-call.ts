import { AsyncLocalStorage } from "node:async_hooks";
import { onAbort } from "../lifetime/abort.ts";
import { deadline } from "../lifetime/deadline.ts";

interface SinkCall {
  /** Whose delivery made it. */
  readonly owner: object;
  /** The call that it was made in, where a sink uses a consumer of its own. */
  readonly outer: SinkCall | undefined;
  isRunning: boolean;
}

/**
 * A sink that awaits the close of what feeds it must not be awaited by that close. Only the asynchronous context tells such a
 * call from one that comes from elsewhere while the sink runs (what it costs: docs/architecture.md).
 */
const calls = new AsyncLocalStorage<SinkCall>();

/** This code was called, directly or after some awaits, by a sink of `owner` that has not returned yet. */
export function isInsideSink(owner: object): boolean {
  for (let call = calls.getStore(); call !== undefined; call = call.outer)
    if (call.owner === owner && call.isRunning) return true;
  return false;
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
  const call: SinkCall = { owner, outer: calls.getStore(), isRunning: true };
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
