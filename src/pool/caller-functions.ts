import { DockspoolError, asSentence, messageOf } from "../errors.ts";
import { isPromiseLike } from "../lifetime/promise-like.ts";
import type { ContainerInfo } from "../wire/records.ts";

/** What the caller's function throws, or gives and is wrong, is an error that says so. */
export function guarded<T, R>(
  option: string,
  call: (container: ContainerInfo) => T,
  check: (answer: T) => R,
): (container: ContainerInfo) => R {
  return (container) => {
    try {
      return check(call(container));
    } catch (error) {
      const { id, name } = container;
      const message = DockspoolError.is(error)
        ? `${asSentence(error.message)} The function of option "${option}" gave it for container ${name}.`
        : `The function of option "${option}" failed for container ${name}: ${messageOf(error)}`;
      throw new DockspoolError("INVALID_OPTION", message, { container: id, cause: error });
    }
  };
}

/** A promise is truthy, and an object without options. */
export function refusePromise<T>(answer: T): T {
  if (!isPromiseLike(answer)) return answer;
  // Nobody else looks at it.
  Promise.resolve(answer).catch(() => {});
  throw new TypeError("it gave a promise, which is not waited for");
}
