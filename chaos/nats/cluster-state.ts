import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { NatsCluster } from "../../test/support/nats/nats-server.ts";
import { stuckLeader } from "./standstill.ts";

export const STREAM = "LOGS";
/** A stream to which nothing was added for so long at the end is not to be waited for. */
const ENDS_AFTER_MS = 45_000;
/** What is on its way twice comes within that time. */
const SETTLED_MS = 3_000;
const LOOK_EVERY_MS = 500;
const CURRENT_WITHIN_MS = 60_000;

/** One node at a time is away: until the one that was has all that the others have. */
export async function untilCurrent(
  connection: NatsConnection,
  say: ((text: string) => void) | undefined,
): Promise<void> {
  const begun = performance.now();
  let away = "";
  while (performance.now() - begun < CURRENT_WITHIN_MS) {
    try {
      const manager = await jetstreamManager(connection, { timeout: 2_000, checkAPI: false });
      const all: string[] = [];
      for (const name of [STREAM, "KV_leases", "KV_positions"]) {
        const { cluster } = await manager.streams.info(name);
        if (cluster?.leader === undefined || cluster.leader === "") all.push(name);
        for (const replica of cluster?.replicas ?? [])
          if (!replica.current || replica.offline) all.push(`${name} ${replica.name}`);
      }
      if (all.length === 0) return;
      away = all.join(", ");
    } catch (error) {
      away = String(error);
    }
    await delay(LOOK_EVERY_MS);
  }
  say?.(`after ${CURRENT_WITHIN_MS} ms the nodes still have not the same: ${away}`);
}

/**
 * As whoever runs a cluster does: where nobody's messages are answered any more, the leader is started again. False where they are: then it
 * is not the cluster that stands still.
 */
export async function isStarted(
  connection: NatsConnection,
  cluster: NatsCluster,
  say: ((text: string) => void) | undefined,
): Promise<boolean> {
  const leader = await stuckLeader(connection, STREAM);
  if (leader === undefined) return false;
  const led = cluster.nodes[Number(leader.slice(1))];
  say?.(
    `the cluster answers nobody: ${led === undefined ? "its nodes are" : `${leader} is`} started again`,
  );
  for (const node of led === undefined ? cluster.nodes : [led]) {
    await node.stop();
    await node.run();
    await untilCurrent(connection, say);
  }
  return true;
}

/** Waits until the stream has so many messages and stands still; false where it stands still before. */
export async function isStored(
  connection: NatsConnection,
  count: number,
  say: ((text: string) => void) | undefined,
): Promise<boolean> {
  const manager = await jetstreamManager(connection, { timeout: 5_000, checkAPI: false });
  let last = -1;
  let since = performance.now();
  for (;;) {
    const info = await manager.streams.info(STREAM).catch(() => undefined);
    const stored = info?.state.messages ?? last;
    if (stored !== last) {
      last = stored;
      since = performance.now();
    }
    const stoodMs = performance.now() - since;
    if (stored >= count && stoodMs >= SETTLED_MS) return true;
    if (stoodMs >= ENDS_AFTER_MS) {
      say?.(`${stored} of ${count} are stored`);
      return false;
    }
    await delay(LOOK_EVERY_MS);
  }
}
