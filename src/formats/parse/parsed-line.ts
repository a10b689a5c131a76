export type Level = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** What a line says of itself. */
export interface ParsedLine {
  /** The message field's text; the whole line where it has none. */
  readonly message: string;
  /** Undefined where the line names none. */
  readonly level: Level | undefined;
  /** RFC 3339 in UTC; undefined where the line has no time, or none with a time zone. */
  readonly time: string | undefined;
  /** What else stands in a JSON or logfmt line. */
  readonly fields: Readonly<Record<string, unknown>>;
}
