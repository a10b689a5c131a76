/** An object's fields; none where it is no object. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** A text; an empty one where it is none. */
export function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** An object's fields as texts. */
export function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record(value)).map(([key, text]) => [key, string(text)]),
  );
}
