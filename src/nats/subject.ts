import type { LogRecord } from "../wire/records.ts";

const PLAIN = /^[A-Za-z0-9_-]$/;
/** Stands for an empty text: an escape has two digits behind it. */
const EMPTY = "%";

/**
 * A text as one token of a subject: letters, digits, "_" and "-" as they are, each other byte of its UTF-8 as "%" and two hex digits. So
 * "my.app" is "my%2Eapp". An empty text is "%".
 */
export function tokenOf(text: string): string {
  if (text === "") return EMPTY;
  let token = "";
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    token += PLAIN.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}

/** The text that `tokenOf` made the token of. */
export function textOf(token: string): string {
  if (token === EMPTY) return "";
  const bytes = token.replaceAll(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
}

/** `<prefix>.<engine>.<container name>.<stream>`. */
export function subjectOf(
  prefix: string,
  { container, stream }: Pick<LogRecord, "container" | "stream">,
): string {
  return `${prefix}.${tokenOf(container.engine)}.${tokenOf(container.name)}.${stream}`;
}

/** Of one container's name on all engines, or of all containers. */
export function filterOf(prefix: string, name: string | undefined): string {
  return name === undefined ? `${prefix}.>` : `${prefix}.*.${tokenOf(name)}.*`;
}
