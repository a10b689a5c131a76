/**
 * So that what drifts on the machine meets all alike: each round goes through them in the order opposite to the last one's.
 * Where `rounds` differ, the first ones are everybody's.
 */
export async function inRounds<Key extends string, Result>(
  keys: readonly Key[],
  rounds: number | ((key: Key) => number),
  run: (key: Key, round: number) => Promise<Result>,
): Promise<ReadonlyMap<Key, readonly Result[]>> {
  const roundsOf = typeof rounds === "number" ? (): number => rounds : rounds;
  const results = new Map<Key, Result[]>(keys.map((key) => [key, []]));
  for (let round = 0; round < Math.max(...keys.map(roundsOf)); round++) {
    const order = round % 2 === 0 ? keys : keys.toReversed();
    for (const key of order)
      if (round < roundsOf(key)) results.get(key)?.push(await run(key, round));
  }
  return results;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** `share` 0.99: the 99th percentile. Interpolates linearly. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Of `values` to `base`, round by round. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function ratioOf(values: readonly number[], base: readonly number[]): Ratio {
  const ratios = values.map((value, round) => value / (base[round] ?? NaN));
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
