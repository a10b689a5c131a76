/** What `await` waits for: a promise, of whatever realm or library. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  const isOne = (typeof value === "object" && value !== null) || typeof value === "function";
  return isOne && typeof Reflect.get(value, "then") === "function";
}
