import { onTestFinished } from "vitest";

/** What a test that failed leaves open would go on beside all later files of the worker: it is closed then. */
export function closeWhenFinished(owner: { close(): Promise<unknown> }): void {
  const left = new WeakRef(owner);
  onTestFinished(() => {
    left
      .deref()
      ?.close()
      .catch(() => {});
  });
}
