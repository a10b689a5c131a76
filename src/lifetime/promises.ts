/** What `await` waits for: a promise, of whatever realm or library. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  const isOne = (typeof value === "object" && value !== null) || typeof value === "function";
  return isOne && typeof Reflect.get(value, "then") === "function";
}

/** A rejection that nobody looks at does not end the process. Whoever awaits the promise gets it all the same. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
