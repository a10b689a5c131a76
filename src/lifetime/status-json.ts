import { DockspoolError, codeOf, fieldOf, isError, messageOf } from "../errors.ts";

/** Of a status: what is made here as well, and not given by somebody else. */
const PARTS = ["status", "reason"] as const;

/**
 * Gives a status what `JSON.stringify` asks for: an error in it shows its message and code, and what can't be shown as JSON
 * becomes text. The status and the errors in it stay as they are otherwise.
 */
export function giveJson(status: object): void {
  if (Object.hasOwn(status, "type")) for (const name of PARTS) givePart(Reflect.get(status, name));
  if (!Object.isExtensible(status) || Object.hasOwn(status, "toJSON")) return;
  Object.defineProperty(status, "toJSON", { value: () => jsonOf(status), configurable: true });
}

function givePart(part: unknown): void {
  if (typeof part === "object" && part !== null) giveJson(part);
}

function jsonOf(status: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(status).map(([name, part]) => [name, shown(part)]));
}

function shown(part: unknown): unknown {
  if (DockspoolError.is(part)) return part;
  if (isError(part)) return errorJson(part);
  try {
    JSON.stringify(part);
    return part;
  } catch {
    return messageOf(part);
  }
}

function errorJson(error: Error): Record<string, unknown> {
  const code = codeOf(error);
  const name = fieldOf(error, "name");
  return {
    name: typeof name === "string" ? name : "Error",
    ...(code === "" ? {} : { code }),
    message: messageOf(error),
  };
}
