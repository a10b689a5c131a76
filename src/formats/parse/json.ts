/** An object's values by their names; undefined where the line is no JSON object, or is deeper than that. */
export function jsonFields(line: string, maxDepth: number): Map<string, unknown> | undefined {
  if (!/^\s*\{/.test(line) || !/\}\s*$/.test(line)) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isDeep(value, maxDepth) ? undefined : new Map(safeEntries(value));
  } catch {
    return undefined;
  }
}

/** Counted with an own stack: what is too deep for `maxDepth` may be too deep for calls. */
function isDeep(value: unknown, maxDepth: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((one) => (isObject(one) ? Object.values(one).filter(isObject) : []));
  }
  return false;
}

/**
 * Without the names by which whoever merges the fields into an object of their own could change all objects: "__proto__", and
 * "constructor" where it is an object.
 */
function safeEntries(value: unknown): (readonly [string, unknown])[] {
  if (!isObject(value)) return [];
  return Object.entries(value)
    .filter(([name, held]) => name !== "__proto__" && !(name === "constructor" && isObject(held)))
    .map(([name, held]) => [name, safe(held)] as const);
}

function safe(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(safe);
  return isObject(value) ? Object.fromEntries(safeEntries(value)) : value;
}

/** An array as well. */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
