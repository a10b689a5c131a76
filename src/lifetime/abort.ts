/** One listener a signal, however many wait for it: a signal shared by many sources causes no listener warning. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back once when `signal` aborts; at once where it has. Returns what unlinks it. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const callbacks = waiting.get(signal) ?? listen(signal);
  const own = (): void => callback();
  callbacks.add(own);
  return () => {
    callbacks.delete(own);
    if (callbacks.size === 0) unlisten(signal);
  };
}

/** Aborts with the first of two. `release` gives the links back: one that lasts keeps nothing of a wait that is over. */
export function eitherSignal(
  one: AbortSignal,
  other: AbortSignal,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const unlinks = [one, other].map((each) => onAbort(each, () => controller.abort(each.reason)));
  return {
    signal: controller.signal,
    release: () => {
      for (const unlink of unlinks) unlink();
    },
  };
}

/**
 * As `promise`, but rejects at once with the signal's reason when that aborts first: of what takes no signal, such as a
 * store's `load()`, nobody waits for the end.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const unlink = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(unlink);
  });
}

const listeners = new WeakMap<AbortSignal, () => void>();

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    waiting.delete(signal);
    for (const callback of callbacks) callback();
  };
  waiting.set(signal, callbacks);
  listeners.set(signal, listener);
  signal.addEventListener("abort", listener, { once: true });
  return callbacks;
}

function unlisten(signal: AbortSignal): void {
  const listener = listeners.get(signal);
  if (listener !== undefined) signal.removeEventListener("abort", listener);
  listeners.delete(signal);
  waiting.delete(signal);
}
