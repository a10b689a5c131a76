/** An object's fields; none where it is no object. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** A text; an empty one where it is none. */
export function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A number, also one that is written as a text; NaN where it is none. */
export function number(value: unknown): number {
  return typeof value === "number" || typeof value === "string" ? Number(value) : NaN;
}

const YEAR_10_000 = Date.UTC(10_000, 0);

/** Epoch milliseconds that an engine's clock may show; NaN for any other, which would be no date. */
export function timeOrNaN(ms: number): number {
  return ms >= 0 && ms < YEAR_10_000 ? ms : NaN;
}

/** An object's fields as texts. */
export function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record(value)).map(([key, text]) => [key, string(text)]),
  );
}
