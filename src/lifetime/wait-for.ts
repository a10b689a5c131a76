/** What is waited for. */
interface Awaited<T> {
  /** Looked at once, and after each change; undefined as long as it is not there. May throw, which ends the wait. */
  readonly look: () => T | undefined;
  /** Calls back after each change. Returns what unlinks it. */
  readonly observe: (changed: () => void) => () => void;
  readonly timeoutMs: number;
  /** Why it is not there yet. */
  readonly late: () => Error;
}

const nothingLinked = (): void => {};

/** Resolves with the first value that `look` gives. @throws what `look` throws; `late` after `timeoutMs` */
export function waitFor<T>({ look, observe, timeoutMs, late }: Awaited<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      unlink();
    };
    const changed = (): void => {
      try {
        const value = look();
        if (value === undefined) return;
        end();
        resolve(value);
      } catch (error) {
        end();
        reject(error);
      }
    };
    const timer = setTimeout(() => {
      unlink();
      reject(late());
    }, timeoutMs);
    let unlink = nothingLinked;
    unlink = observe(changed);
    changed();
  });
}
