import { epochNanoseconds, toUtc } from "../wire/timestamps.ts";

/** A request that the engine refuses with 400. */
export class BadRequest extends Error {}

/** As the engine reads a flag: everything but these is true. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = (query.get(name) ?? "").trim().toLowerCase();
  return !["", "0", "no", "false", "none"].includes(value);
}

/** `seconds[.nanoseconds]` or RFC 3339, in nanoseconds since 1970; undefined where absent, empty or 0. */
export function time(query: URLSearchParams, name: string): bigint | undefined {
  const value = query.get(name) ?? "";
  if (value === "") return undefined;
  const unix = /^(-?\d+)(?:\.(\d{1,9})\d*)?$/.exec(value);
  if (unix !== null) {
    const seconds = BigInt(unix[1] ?? "0") * 1_000_000_000n;
    const fraction = BigInt((unix[2] ?? "").padEnd(9, "0"));
    const nanoseconds = value.startsWith("-") ? seconds - fraction : seconds + fraction;
    return nanoseconds === 0n ? undefined : nanoseconds;
  }
  const utc = toUtc(value);
  if (utc === undefined) throw new BadRequest(`invalid value for "${name}": ${value}`);
  return epochNanoseconds(utc);
}

export type Filters = ReadonlyMap<string, readonly string[]>;

/** The `filters` parameter, in either of its forms: `{"name":["x"]}` and `{"name":{"x":true}}`. */
export function filters(query: URLSearchParams): Filters {
  const found = new Map<string, readonly string[]>();
  const text = query.get("filters") ?? "";
  if (text === "") return found;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadRequest("invalid filter");
  }
  if (typeof json !== "object" || json === null) throw new BadRequest("invalid filter");
  const entries: [string, unknown][] = Object.entries(json);
  for (const [name, values] of entries) {
    const list: readonly unknown[] =
      typeof values !== "object" || values === null
        ? []
        : Array.isArray(values)
          ? values
          : Object.keys(values);
    found.set(name, list.map(String));
  }
  return found;
}

/** `key`, or `key=value`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (equals === -1) return Object.hasOwn(labels, wanted);
  const key = wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && labels[key] === wanted.slice(equals + 1);
}
