import type { Random } from "./random.ts";

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  9_007_199_254_740_992,
  1e300,
  "",
  "\u0000",
  "\ud800",
  "\u001b[2J\u202e",
  "__proto__",
  "2026-11-23T15:58:34.885847851Z",
  [],
  {},
  { toString: 1, valueOf: 1 },
  [[[[[]]]]],
];
const KEYS = ["__proto__", "constructor", "toString", "length", "", "\u0000", "\ud800"];

/** Changes one value, or one name, of the JSON that begins in `bytes`; undefined where there is none. */
export function mutatedJson(bytes: Buffer, random: Random): Buffer | undefined {
  const start = bytes.findIndex((byte) => byte === 0x7b || byte === 0x5b);
  if (start === -1 || start > 2) return undefined;
  const line = bytes.indexOf("}\n{", start);
  const end = line === -1 ? bytes.length : line + 1;
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8", start, end));
  } catch {
    return undefined;
  }
  let left = random.below(countOf(json));
  const change = (value: unknown): unknown => {
    if (left-- === 0) return changed(value, random);
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [
        left-- === 0 ? random.pick(KEYS) : key,
        change(part),
      ]),
    );
  };
  const text = JSON.stringify(change(json)) ?? "null";
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]);
}

/** How many values and names there are. */
function countOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const parts: readonly unknown[] = Object.values(value);
  const names = Array.isArray(value) ? 0 : parts.length;
  return parts.reduce((sum: number, part) => sum + countOf(part), 1 + names);
}

function changed(value: unknown, random: Random): unknown {
  const list: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined;
  switch (random.below(6)) {
    case 0:
      return [value];
    case 1:
      return typeof value === "number" ? value + random.small(10) - 5 : JSON.stringify(value);
    case 2:
      return list !== undefined && list.length > 0
        ? [...list, list[random.below(list.length)]]
        : { [random.pick(KEYS)]: value };
    case 3:
      return typeof value === "string"
        ? value.slice(0, random.below(value.length + 1)) + random.pick(KEYS)
        : random.pick(VALUES);
    default:
      return random.pick(VALUES);
  }
}
