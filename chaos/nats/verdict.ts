import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { tailNats } from "../../src/nats.ts";
import { MESSAGE_ID } from "../../test/support/nats/weakened.ts";
import type { Holding } from "./collector-run.ts";
import type { Host, HostLine } from "./hosts.ts";
import { WINDOW_MS } from "./plan.ts";

const MOST_TIMED = 1_000;

export interface Verdict {
  /** Lines of the engines' logs. */
  readonly written: number;
  /** Messages of the stream. */
  readonly stored: number;
  /** Lines that the stream does not hold. */
  readonly missing: readonly string[];
  /** Lines that it holds more than once, and how often. */
  readonly repeated: readonly string[];
  /** Of one id, within the window in which the server has to recognise that: as servers do that are older than `RIGHT_SINCE`. */
  readonly repeatedByServer: readonly string[];
  /** Messages that no engine's log has. */
  readonly foreign: readonly string[];
  /** Two collectors certainly held one lease at the same moment. */
  readonly heldTwice: readonly string[];
  /** Lines that stand behind a later one of the same container and stream: a publish failed in between. */
  readonly outOfOrder: number;
}

/**
 * The first minor version of 2 whose clusters recognise a repeat whatever happens (nats-server's pull request 6415), and go on whatever
 * happens (4365, 5179).
 */
const RIGHT_SINCE = 11;

/** `version`: of the NATS server. `stoodStill`: so often the cluster had to be started again. */
export function isWell(
  { missing, repeated, repeatedByServer, foreign, heldTwice }: Verdict,
  version: string,
  stoodStill: number,
): boolean {
  const [, minor] = version.split(".").map(Number);
  const isKnown = minor !== undefined && minor < RIGHT_SINCE;
  if (stoodStill > 0 && !isKnown) return false;
  const wrong = [missing, repeated, foreign, heldTwice, isKnown ? [] : repeatedByServer];
  return wrong.every((lines) => lines.length === 0);
}

/** Compares, line by line, what the stream holds with the logs of the engines. */
export async function judge(
  connection: NatsConnection,
  stream: string,
  hosts: readonly Host[],
  holdings: readonly Holding[],
): Promise<Verdict> {
  const places = new Map<string, number>();
  for (const host of hosts)
    for (const id of host.ids)
      for (const line of await host.logOf(id)) places.set(keyOf(id, line), places.size);
  /** By line: where it stands in the stream. */
  const sequences = new Map<string, number[]>();
  const newest = new Map<string, number>();
  const foreign: string[] = [];
  let stored = 0;
  let outOfOrder = 0;
  for await (const record of tailNats(connection, { stream, follow: false })) {
    stored++;
    const { id } = record.container;
    const key = keyOf(id, record);
    const place = places.get(key);
    sequences.set(key, [...(sequences.get(key) ?? []), record.sequence]);
    if (place === undefined) {
      foreign.push(shown(key));
      continue;
    }
    const one = `${id} ${record.stream}`;
    if (place < (newest.get(one) ?? -1)) outOfOrder++;
    else newest.set(one, place);
  }
  return {
    written: places.size,
    stored,
    missing: [...places.keys()].filter((key) => !sequences.has(key)).map(shown),
    ...(await repeatsOf(connection, stream, sequences)),
    foreign,
    heldTwice: overlaps(holdings),
    outOfOrder,
  };
}

interface Repeats {
  readonly repeated: readonly string[];
  readonly repeatedByServer: readonly string[];
}

/** With the times of their messages, of the first ones. */
async function repeatsOf(
  connection: NatsConnection,
  stream: string,
  sequences: ReadonlyMap<string, readonly number[]>,
): Promise<Repeats> {
  const manager = await jetstreamManager(connection, { timeout: 5_000 });
  const repeated: string[] = [];
  const repeatedByServer: string[] = [];
  for (const [key, all] of sequences) {
    if (all.length === 1) continue;
    const ids = new Set<string>();
    const times: number[] = [];
    for (const seq of repeated.length < MOST_TIMED ? all : []) {
      const message = await manager.streams.getMessage(stream, { seq });
      ids.add(message?.header.get(MESSAGE_ID) ?? "");
      times.push(message?.time.getTime() ?? 0);
    }
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    const isOfServer = ids.size === 1 && !ids.has("") && gaps.every((gap) => gap < WINDOW_MS);
    const places = all.map((seq, index) => `${seq} ${new Date(times[index] ?? 0).toISOString()}`);
    const told = `${all.length} × ${shown(key)} at ${places.join(", ")}`;
    (isOfServer ? repeatedByServer : repeated).push(told);
  }
  return { repeated, repeatedByServer };
}

function keyOf(id: string, { stream, timestamp, line }: HostLine): string {
  return `${id.slice(0, 12)} ${stream} ${timestamp} ${line}`;
}

function shown(key: string): string {
  return key.slice(0, 100);
}

function overlaps(holdings: readonly Holding[]): string[] {
  const byKey = new Map<string, Holding[]>();
  for (const holding of holdings)
    byKey.set(holding.key, [...(byKey.get(holding.key) ?? []), holding]);
  return [...byKey.values()].flatMap((all) => {
    const sorted = all.toSorted((a, b) => a.from - b.from);
    let last: Holding | undefined;
    const found: string[] = [];
    for (const holding of sorted) {
      if (last !== undefined && holding.from < last.until)
        found.push(
          `${holding.key.slice(-64, -52)}: ${last.owner} until ${last.until}, ${holding.owner} from ${holding.from}`,
        );
      if (last === undefined || holding.until > last.until) last = holding;
    }
    return found;
  });
}
