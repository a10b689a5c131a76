import fc from "fast-check";

/** What may become of a file: some of it cut out, or overwritten by zeros or anything. */
export interface Damage {
  readonly at: number;
  readonly size: number;
  readonly filler: Buffer;
}

export const arbitraryDamage: fc.Arbitrary<Damage> = fc
  .record({
    at: fc.nat(),
    size: fc.integer({ min: 1, max: 300 }),
    kind: fc.constantFrom("cut", "zeros", "garbage"),
    garbage: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  })
  .map(({ at, size, kind, garbage }) => {
    const filler = kind === "zeros" ? Buffer.alloc(size) : Buffer.from(garbage);
    return { at, size, filler: kind === "cut" ? Buffer.alloc(0) : filler };
  });

export interface Damaged {
  readonly bytes: Buffer;
  /** How many of the parts stand before the damage, and how many behind it, as they were. */
  readonly before: number;
  readonly behind: number;
}

/** `parts` in a row, with damage. */
export function damaged(parts: readonly Buffer[], { at, size, filler }: Damage): Damaged {
  const whole = Buffer.concat(parts);
  const from = at % whole.length;
  const bytes = Buffer.concat([whole.subarray(0, from), filler, whole.subarray(from + size)]);
  let end = 0;
  let before = 0;
  let behind = 0;
  for (const part of parts) {
    if (end > from + size) behind++;
    end += part.length;
    if (end <= from) before++;
  }
  return { bytes, before, behind };
}
