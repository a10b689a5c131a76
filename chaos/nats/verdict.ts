import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { tailNats } from "../../src/nats.ts";
import type { Holding } from "./collector-run.ts";
import type { Host, HostLine } from "./hosts.ts";

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
  /** Messages that no engine's log has. */
  readonly foreign: readonly string[];
  /** Two collectors certainly held one lease at the same moment. */
  readonly heldTwice: readonly string[];
  /** Lines that stand behind a later one of the same container and stream: a publish failed in between. */
  readonly outOfOrder: number;
}

export function isWell({ missing, repeated, foreign, heldTwice }: Verdict): boolean {
  return [missing, repeated, foreign, heldTwice].every((wrong) => wrong.length === 0);
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
    repeated: await shownRepeats(connection, stream, sequences),
    foreign,
    heldTwice: overlaps(holdings),
    outOfOrder,
  };
}

/** With the times of their messages, of the first ones. */
async function shownRepeats(
  connection: NatsConnection,
  stream: string,
  sequences: ReadonlyMap<string, readonly number[]>,
): Promise<string[]> {
  const manager = await jetstreamManager(connection, { timeout: 5_000 });
  const repeated: string[] = [];
  for (const [key, all] of sequences) {
    if (all.length === 1) continue;
    const places: string[] = [];
    for (const seq of all) {
      const message =
        repeated.length < MOST_TIMED
          ? await manager.streams.getMessage(stream, { seq })
          : undefined;
      places.push(`${seq} ${message?.time.toISOString() ?? ""}`);
    }
    repeated.push(`${all.length} × ${shown(key)} at ${places.join(", ")}`);
  }
  return repeated;
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
