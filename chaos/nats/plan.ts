import { Random } from "../random.ts";

/** "one" and "two" share an engine; "lone" has one of its own. */
export type Owner = "one" | "two" | "lone";

export const OWNERS: readonly [Owner, Owner, Owner] = ["one", "two", "lone"];

/** After so long without a sign of the holder a spare goes on, in milliseconds. */
export const TTL_MS = 1_500;
/** A stream recognises a repeat for so long, in milliseconds. No outage of all who could go on comes near it. */
export const WINDOW_MS = 120_000;
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
interface Round {
  readonly acts: readonly Act[];
  readonly restMs: number;
}

export interface Plan {
  readonly rounds: readonly Round[];
  /** Stopped for longer than the window, while the other one lives: before so many rounds. It wakes up when they are over. */
  readonly sleeper: { readonly owner: "one" | "two"; readonly from: number } | undefined;
}

const MINUTE_MS = 60_000;
/** With fewer minutes there is no time for a stop that is longer than the window. */
const MINUTES_WITH_SLEEPER = 5;
const LONGER_THAN_WINDOW_MS = WINDOW_MS + 5_000;

/** For so many minutes; the same seed gives the same. */
export function makePlan(seed: number, minutes: number): Plan {
  const random = new Random(seed);
  const sleeps = minutes >= MINUTES_WITH_SLEEPER;
  const owner = random.one<"one" | "two">(["one", "two"]);
  const rounds: Round[] = [];
  let spent = 0;
  let from: number | undefined;
  let sleepsUntil = 0;
  while (spent < minutes * MINUTE_MS) {
    if (sleeps && from === undefined && spent > MINUTE_MS) {
      from = rounds.length;
      sleepsUntil = spent + LONGER_THAN_WINDOW_MS;
    }
    const awake = spent < sleepsUntil ? OWNERS.filter((one) => one !== owner) : OWNERS;
    const round = { acts: actsOf(random, awake), restMs: random.whole(1_000, 4_000) };
    rounds.push(round);
    spent += Math.max(...round.acts.map(({ ms }) => ms)) + round.restMs;
  }
  return { rounds, sleeper: from === undefined ? undefined : { owner, from } };
}

/** A plan in which the protection counts. */
export function planAgainst(protection: Protection): Plan {
  const killed = { kind: "collectors killed", owners: OWNERS, ms: 500 } as const;
  const round = { acts: [killed], restMs: 5_000 };
  // It wakes up when the stream does not know any more what the other one has published meanwhile.
  const asleep = (owner: Owner): Round => ({
    acts: [{ kind: "collector stopped", owner, ms: LONGER_THAN_WINDOW_MS }],
    restMs: 5_000,
  });
  // The one that has the leases is one of the two.
  const rounds = protection === "fencing" ? [asleep("one"), asleep("two")] : [round, round, round];
  return { rounds, sleeper: undefined };
}

export const PROTECTIONS = ["message ids", "compare-and-set", "fencing"] as const;
export type Protection = (typeof PROTECTIONS)[number];

function actsOf(random: Random, awake: readonly Owner[]): Act[] {
  const node = random.whole(0, 2);
  const owner = awake[random.whole(0, awake.length - 1)] ?? "lone";
  const ms = random.whole(300, LONGEST_OUTAGE_MS);
  const kill: Act = { kind: "collectors killed", owners: [owner], ms: random.whole(0, 3_000) };
  const stop: Act = {
    kind: "collector stopped",
    owner,
    ms: random.whole(300, LONGEST_OUTAGE_MS),
  };
  const nodeDown: Act = { kind: random.one(["node killed", "node stopped"]), node, ms };
  return random.weighted<Act[]>([
    [4, [kill]],
    [1, [{ ...kill, owners: awake }]],
    [4, [stop]],
    [4, [nodeDown]],
    [2, [nodeDown, kill]],
    [2, [nodeDown, stop]],
  ]);
}

export function shownAct(act: Act): string {
  const who = "owners" in act ? act.owners.join("+") : "owner" in act ? act.owner : `n${act.node}`;
  return `${act.kind}: ${who}, ${(act.ms / 1_000).toFixed(1)} s`;
}
