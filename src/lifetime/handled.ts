/** Nobody needs to look at the promise: its rejection is told elsewhere, and ends no process where it is not awaited. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
