import { Random } from "../random.ts";

/** "one" and "two" share an engine; "lone" has one of its own. */
export type Owner = "one" | "two" | "lone";

export const OWNERS: readonly [Owner, Owner, Owner] = ["one", "two", "lone"];

/** After so long without a sign of the holder a spare goes on, in milliseconds. */
export const TTL_MS = 1_500;
/** A stream recognises a repeat for so long, in milliseconds. */
export const WINDOW_MS = 40_000;
/** No outage of all who could go on takes longer: what is on its way is published again within the window. */
const LONGEST_OUTAGE_MS = 8_000;

export type Act =
  /** SIGKILL; started again after `downMs`. */
  | { readonly kind: "collectors killed"; readonly owners: readonly Owner[]; readonly ms: number }
  /** SIGSTOP, and SIGCONT after `ms`. */
  | { readonly kind: "collector stopped"; readonly owner: Owner; readonly ms: number }
  /** SIGKILL; started again after `ms`. */
  | { readonly kind: "node killed"; readonly node: number; readonly ms: number }
  | { readonly kind: "node stopped"; readonly node: number; readonly ms: number };

/** What happens at the same time, and how long it is quiet afterwards. */
export interface Round {
  readonly acts: readonly Act[];
  readonly restMs: number;
}

const MINUTE_MS = 60_000;

/** Rounds for so many minutes; the same seed gives the same. */
export function makeRounds(seed: number, minutes: number): Round[] {
  const random = new Random(seed);
  const rounds: Round[] = [];
  let spent = 0;
  while (spent < minutes * MINUTE_MS) {
    const round = { acts: actsOf(random), restMs: random.whole(1_000, 4_000) };
    rounds.push(round);
    spent += Math.max(...round.acts.map(({ ms }) => ms)) + round.restMs;
  }
  return rounds;
}

/** A plan in which the protection counts. */
export function roundsAgainst(protection: Protection): Round[] {
  const killed = { kind: "collectors killed", owners: ["one", "two", "lone"], ms: 500 } as const;
  const rounds: Readonly<Record<Protection, readonly Round[]>> = {
    // What was published and not saved is published again.
    "message ids": [{ acts: [killed], restMs: 3_000 }],
    // Two ask for the same leases at the same time.
    "compare-and-set": [{ acts: [killed], restMs: 5_000 }],
    // It wakes up when the stream does not know any more what the other one has published meanwhile.
    fencing: ["one", "two"].map((owner) => ({
      acts: [{ kind: "collector stopped", owner: owner === "one" ? "one" : "two", ms: WINDOW_MS + 15_000 }],
      restMs: 5_000,
    })),
  };
  return [...rounds[protection], ...rounds[protection], ...rounds[protection]].slice(0, 3);
}

export const PROTECTIONS = ["message ids", "compare-and-set", "fencing"] as const;
export type Protection = (typeof PROTECTIONS)[number];

function actsOf(random: Random): Act[] {
  const node = random.whole(0, 2);
  const owner = random.one(OWNERS);
  const ms = random.whole(300, LONGEST_OUTAGE_MS);
  const kill: Act = { kind: "collectors killed", owners: [owner], ms: random.whole(0, 3_000) };
  const nodeDown: Act = { kind: random.one(["node killed", "node stopped"]), node, ms };
  return random.weighted<Act[]>([
    [4, [kill]],
    [1, [{ ...kill, owners: ["one", "two"] }]],
    [4, [{ kind: "collector stopped", owner, ms }]],
    // While it sleeps the other one lives.
    [
      1,
      [
        {
          kind: "collector stopped",
          owner: random.one(["one", "two"]),
          ms: WINDOW_MS + random.whole(1_000, 8_000),
        },
      ],
    ],
    [4, [nodeDown]],
    [2, [nodeDown, kill]],
    [2, [nodeDown, { kind: "collector stopped", owner, ms: random.whole(300, LONGEST_OUTAGE_MS) }]],
  ]);
}

export function shownAct(act: Act): string {
  const who = "owners" in act ? act.owners.join("+") : "owner" in act ? act.owner : `n${act.node}`;
  return `${act.kind}: ${who}, ${(act.ms / 1_000).toFixed(1)} s`;
}
