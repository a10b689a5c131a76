import fc from "fast-check";
import type { From } from "../../src/index.ts";

/** So many containers there are at once. */
export const MOST_CONTAINERS = 8;

/** Containers are named by their place among those that there are. */
interface At {
  readonly at: number;
}

export type AttachFrom = Exclude<From, { since: unknown }> | undefined;

/** What happens to the containers of an engine, to the engine, and to a pool that follows it. */
export type PoolAct =
  | (At & {
      readonly kind: "write";
      readonly stream: "stdout" | "stderr";
      readonly text: string;
      /** How often the text stands in the line: long lines come in parts. */
      readonly times: number;
      readonly partial: boolean;
      /** By how many milliseconds its timestamp is late, where the clock runs backwards now and then. */
      readonly lateMs: number;
    })
  | (At & { readonly kind: "burst"; readonly lines: number })
  | (At & {
      readonly kind: "start" | "stop" | "restart" | "remove" | "recreate" | "cut" | "stall";
    })
  | { readonly kind: "create"; readonly name: number; readonly sort: Sort }
  /** As `docker run --rm` does: created, written, gone, with so many turns of the loop in between. */
  | {
      readonly kind: "pass";
      readonly name: number;
      readonly lines: number;
      readonly turns: readonly [number, number, number];
    }
  | (At & { readonly kind: "rename"; readonly name: number })
  | (At & { readonly kind: "attach"; readonly by: Reference; readonly from: AttachFrom })
  | (At & { readonly kind: "detach"; readonly by: Reference })
  | (At & { readonly kind: "rotate" })
  | (At & { readonly kind: "truncate"; readonly keep: number })
  | {
      readonly kind: "rotate all" | "cut events" | "outage" | "restore" | "hold" | "release";
    }
  | { readonly kind: "turns"; readonly count: number }
  | { readonly kind: "pause"; readonly ms: number };

export type Reference = "id" | "prefix" | "name";
export type Sort = "plain" | "terminal" | "local" | "unreadable";

const at = fc.nat({ max: 30 });
const name = fc.nat({ max: 9 });
const reference = fc.constantFrom("id" as const, "prefix" as const, "name" as const);
const from: fc.Arbitrary<AttachFrom> = fc.oneof(
  fc.constantFrom(undefined, "start" as const, "now" as const),
  fc.record({ tail: fc.nat({ max: 5 }) }),
);

const write: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("write" as const),
  at,
  stream: fc.constantFrom("stdout" as const, "stderr" as const),
  text: fc.constantFrom("", "tick", "tick", "tock", "ä€😀\r"),
  times: fc.constantFrom(1, 1, 1, 1, 1, 1, 4_096, 9_000),
  partial: fc.constantFrom(false, false, false, true),
  lateMs: fc.constantFrom(0, 0, 0, 1, 3, 700, 1_500),
});
const burst: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("burst" as const),
  at,
  lines: fc.integer({ min: 1, max: 150 }),
});
const create: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("create" as const),
  name,
  sort: fc.constantFrom<Sort>("plain", "plain", "plain", "terminal", "local", "unreadable"),
});
const pass: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("pass" as const),
  name,
  lines: fc.nat({ max: 5 }),
  turns: fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 8 }), fc.nat({ max: 8 })),
});
const rename: fc.Arbitrary<PoolAct> = fc.record({ kind: fc.constant("rename" as const), at, name });
const attach: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("attach" as const),
  at,
  by: reference,
  from,
});
const detach: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("detach" as const),
  at,
  by: reference,
});
const turn: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("turns" as const),
  count: fc.integer({ min: 1, max: 12 }),
});
const pause: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("pause" as const),
  ms: fc.integer({ min: 1, max: 40 }),
});
const truncate: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("truncate" as const),
  at,
  keep: fc.nat({ max: 8 }),
});
const ofOne: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constantFrom(
    "start" as const,
    "start" as const,
    "stop" as const,
    "restart" as const,
    "cut" as const,
    "stall" as const,
    "rotate" as const,
  ),
  at,
});
const ofAll: fc.Arbitrary<PoolAct> = fc
  .constantFrom(
    "rotate all" as const,
    "cut events" as const,
    "outage" as const,
    "restore" as const,
    "restore" as const,
    "hold" as const,
    "release" as const,
    "release" as const,
  )
  .map((kind) => ({ kind }));
const end: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constantFrom("remove" as const, "recreate" as const),
  at,
});

/** As many acts as may be: fast-check's first scripts would have hardly any. */
function script(
  maxLength: number,
  ...acts: readonly fc.WeightedArbitrary<PoolAct>[]
): fc.Arbitrary<PoolAct[]> {
  return fc.noBias(fc.array(fc.oneof(...acts), { maxLength, size: "max" }));
}

/** Everything but what makes the engine forget lines. */
export function arbitraryPoolScript(maxLength = 120): fc.Arbitrary<PoolAct[]> {
  return script(
    maxLength,

    { weight: 10, arbitrary: write },
    { weight: 1, arbitrary: burst },
    { weight: 3, arbitrary: turn },
    { weight: 2, arbitrary: pause },
    { weight: 3, arbitrary: create },
    { weight: 1, arbitrary: pass },
    { weight: 4, arbitrary: ofOne },
    { weight: 2, arbitrary: ofAll },
    { weight: 1, arbitrary: end },
    { weight: 1, arbitrary: rename },
    { weight: 1, arbitrary: attach },
    { weight: 1, arbitrary: detach },
  );
}

/** What there is before the pool. */
export function arbitraryBeginning(maxLength = 20): fc.Arbitrary<PoolAct[]> {
  const stop: fc.Arbitrary<PoolAct> = fc.record({ kind: fc.constant("stop" as const), at });
  return script(
    maxLength,
    { weight: 4, arbitrary: create },
    { weight: 4, arbitrary: write },
    { weight: 1, arbitrary: stop },
  );
}

const someLines: fc.Arbitrary<PoolAct> = fc.record({
  kind: fc.constant("burst" as const),
  at,
  lines: fc.integer({ min: 1, max: 30 }),
});

/** Containers with some lines. */
export function arbitraryContainers(): fc.Arbitrary<PoolAct[]> {
  const plain: fc.Arbitrary<PoolAct> = fc.record({
    kind: fc.constant("create" as const),
    name,
    sort: fc.constant("plain" as const),
  });
  return script(12, { weight: 2, arbitrary: plain }, { weight: 1, arbitrary: someLines });
}

/** Containers stay, lines are short, and the engine throws the older ones away at times; the last ones stay. */
export function arbitraryForgetfulScript(maxLength = 60): fc.Arbitrary<PoolAct[]> {
  const last: PoolAct[] = ["restore" as const, "release" as const].map((kind) => ({ kind }));
  for (let one = 0; one < MOST_CONTAINERS; one++)
    last.push({ kind: "start", at: one }, { kind: "burst", at: one, lines: 1 });
  return script(
    maxLength,
    { weight: 6, arbitrary: someLines },
    { weight: 3, arbitrary: truncate },
    { weight: 2, arbitrary: turn },
    { weight: 3, arbitrary: pause },
    { weight: 3, arbitrary: ofOne },
    { weight: 2, arbitrary: ofAll },
  ).map((acts) => [...acts, ...last]);
}
