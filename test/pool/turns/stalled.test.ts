import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../../src/index.ts";
import type { PoolOptions } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer, FakeRequest } from "../../../src/testing.ts";
import { AnsweringPeer } from "../../support/answering-peer.ts";
import { eager } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";

let fake: FakeEngine;
let peer: AnsweringPeer;
let stuck: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  peer = await AnsweringPeer.start(fake);
  stuck = fake.create({ name: "stuck" });
  stuck.write("one");
});
afterEach(async () => {
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

/** Two containers beside the one whose requests get stuck, and a single turn. */
function follow(options: PoolOptions): { follower: PoolFollower; others: FakeContainer[] } {
  const others = ["a", "b"].map((name) => fake.create({ name }));
  const pool = new StreamPool({
    engine: { ...peer.engine, connectTimeoutMs: 300 },
    source: eager,
    maxStreams: 1,
    timeSliceMs: 20,
    ...options,
  });
  return { follower: new PoolFollower(pool), others };
}

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n";
const isOf = (id: string, { path }: Pick<FakeRequest, "path">): boolean => path.includes(id);

/** Which of its requests get stuck, and where. */
const stuckAt: Readonly<
  Record<string, (path: string) => "before the head" | "behind the head" | undefined>
> = {
  "a look at it": (path) => (path.includes("/json") ? "before the head" : undefined),
  "a look at it, behind the head": (path) =>
    path.includes("/json") ? "behind the head" : undefined,
  "its stream": (path) => (path.includes("/logs") ? "before the head" : undefined),
  "a plain read": (path) => (path.includes("follow=0") ? "before the head" : undefined),
  "a plain read, behind the head": (path) =>
    path.includes("follow=0") ? "behind the head" : undefined,
};

describe.each(Object.entries(stuckAt))(
  "with one turn, a container of which %s gets stuck",
  (what, at) => {
    it.each(["start", "now"] as const)(
      "keeps no other from its turns: from %s",
      async (from) => {
        const { follower, others } = follow({ from });
        peer.own = (socket, path) => {
          const where = isOf(stuck.id, { path }) ? at(path) : undefined;
          if (where === undefined) return false;
          if (where === "behind the head") socket.write(HEAD);
          return undefined;
        };
        await follower.attached(...others);
        for (let round = 1; round <= 3; round++) {
          for (const other of others) other.write(`line ${round}`);
          await follower.until(
            () => others.every((other) => follower.lines(other).length >= round),
            `round ${round}: ${what}`,
            60_000,
          );
        }
        peer.own = () => false;
        await follower.attached(stuck);
        stuck.write("two");
        await follower.until(() => follower.texts(stuck).includes("two"), "its own", 60_000);
        await follower.end();
        for (const other of others) follower.expectExactly(other);
        expect(fake.open.maxFollows).toBeLessThanOrEqual(1);
      },
      120_000,
    );
  },
);
