/** One listener a signal, however many wait for it: a signal shared by many sources causes no listener warning. */
const listeners = new WeakMap<AbortSignal, Listener>();

/** Calls back once when `signal` aborts; at once where it has. Returns what unlinks it. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const listener = listeners.get(signal) ?? new Listener(signal);
  return listener.add(callback);
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

interface Waiting {
  readonly callback: () => void;
}

/** What waits for a signal: mostly one callback. */
class Listener {
  readonly #signal: AbortSignal;
  readonly #heard = (): void => this.#abort();
  readonly #waiting: Waiting[] = [];

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    listeners.set(signal, this);
    signal.addEventListener("abort", this.#heard, { once: true });
  }

  /** Returns what takes it out again. */
  add(callback: () => void): () => void {
    const waiting = { callback };
    this.#waiting.push(waiting);
    return () => this.#remove(waiting);
  }

  #remove(waiting: Waiting): void {
    // Of many the last ones go first.
    const at = this.#waiting.lastIndexOf(waiting);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    if (this.#waiting.length > 0) return;
    this.#signal.removeEventListener("abort", this.#heard);
    listeners.delete(this.#signal);
  }

  /** A callback may take out others. */
  #abort(): void {
    listeners.delete(this.#signal);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      next.callback();
  }
}
