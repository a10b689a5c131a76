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
 * call from one that comes from elsewhere while the sink runs (what it costs: docs/maintainers/architecture.md).
 */
const calls = new AsyncLocalStorage<SinkCall>();

/** This code was called, directly or after some awaits, by a sink of `owner` that has not returned yet. */
export function isInsideSink(owner: object): boolean {
  for (let call = calls.getStore(); call !== undefined; call = call.outer)
    if (call.owner === owner && call.isRunning) return true;
  return false;
}

/** The call is awaited, until it is given up. */
interface Awaited {
  settle: ((outcome: Promise<void>) => void) | undefined;
}

/**
 * Calls a function of the caller's and awaits what it returns. A call that never settles is left to itself: what its promise
 * keeps alive is no more than a few small objects, and neither the batch nor its error.
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
  const awaited: Awaited = { settle: undefined };
  let unlink: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      awaited.settle = resolve;
      unlink = onAbort(limit.signal, () => reject(limit.signal.reason));
      const running = calls.run(call, () => returned(sink, limit.signal));
      hear(running, call, awaited);
    });
  } finally {
    awaited.settle = undefined;
    unlink?.();
    limit.release();
  }
}

/** Outside of `callSink`, since a promise that never settles keeps alive all that its reactions can see. */
function hear(running: Promise<void>, call: SinkCall, awaited: Awaited): void {
  const settle = (): void => {
    call.isRunning = false;
    awaited.settle?.(running);
  };
  running.then(settle, settle);
}

/** What the function returns or throws, as a promise; its own promise as it is. */
function returned(
  sink: (signal: AbortSignal) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    return Promise.resolve(sink(signal));
  } catch (error) {
    return Promise.reject(error);
  }
}
