import { onAbort } from "./abort.ts";

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      unlink();
      resolve();
    }, ms);
    const unlink = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** A signal of its own that also aborts after `ms` and with `parent`. `release` gives back timer and listener. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly expired: boolean;
  /** The wait is over: from now on only `parent` aborts the signal. */
  met(): void;
  release(): void;
}

export function deadline(ms: number | undefined, parent: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const expire = (): void => {
    expired = true;
    controller.abort(new Error(`no answer within ${ms} ms`));
  };
  const timer = ms === undefined ? undefined : setTimeout(expire, ms);
  const unlink = onAbort(parent, () => controller.abort(parent.reason));
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    met: () => clearTimeout(timer),
    release: () => {
      clearTimeout(timer);
      unlink();
    },
  };
}
