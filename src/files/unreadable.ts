import { DockspoolError, asSentence, codeOf, messageOf } from "../errors.ts";

/** The process has too much open, or the disk or the network before it fails: another try may go well. */
const PASSING: ReadonlySet<string | undefined> = new Set([
  "EAGAIN",
  "EBUSY",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ESTALE",
  "ETIMEDOUT",
]);

export function unreadable(path: string, reason: string, cause?: unknown): DockspoolError {
  const message = `The log file ${path} can't be read: ${asSentence(reason)}`;
  const transient = PASSING.has(codeOf(cause));
  return new DockspoolError("FILES_UNREADABLE", message, { cause, transient });
}

/** The process, or the machine, has too many files open: no other one can be, and those that are can be read on. */
export function hasTooManyOpen(error: unknown): boolean {
  const code = DockspoolError.is(error, "FILES_UNREADABLE") ? codeOf(error.cause) : "";
  return code === "EMFILE" || code === "ENFILE";
}

/** @throws DockspoolError FILES_UNREADABLE in the place of any other error, which is mostly the operating system's */
export async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (DockspoolError.is(error)) throw error;
    throw unreadable(path, messageOf(error), error);
  }
}
