import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, FakeEngineOptions } from "../../src/testing.ts";
import { AnsweringPeer } from "../support/answering-peer.ts";
import { eager, Follower } from "../support/fake-follow.ts";

/** Looks at what stands still come every 30 s. */
const AT_ONCE_MS = 15_000;

/** More requests are the same ones again. */
const MOST_REQUESTS = 20;

/** Events are listened to, and none comes. */
function withoutEvents(fake: FakeEngine): Promise<AnsweringPeer> {
  return AnsweringPeer.start(fake, (socket, path) => {
    if (!path.startsWith("/events") || path.includes("until=")) return false;
    socket.write("HTTP/1.1 200 OK\r\nServer: Docker/28.5.2 (linux)\r\n\r\n");
    return undefined;
  });
}

interface Life {
  /** Brought to where it is followed from. */
  readonly begin: (web: FakeContainer) => void;
  /** What is done to its source. Resolves when nothing is left to be done. */
  readonly live: (follower: Follower) => Promise<unknown>;
}

const lives: Readonly<Record<string, Life>> = {
  "runs, and is rotated": {
    begin: (web) => web.write("one"),
    live: async ({ source }) => {
      for (let round = 0; round < 3; round++) await source.rotate().catch(() => {});
    },
  },
  "has stopped": {
    begin: (web) => {
      web.write("one");
      web.stop();
    },
    live: (follower) => follower.status("stopped").catch(() => {}),
  },
  "has stopped in the middle of a line": {
    begin: (web) => {
      web.write("one");
      web.write("tw", { partial: true });
      web.stop();
    },
    live: (follower) => follower.status("stopped").catch(() => {}),
  },
};

const engines: Readonly<Record<string, FakeEngineOptions>> = {
  "Docker 28": {},
  "Docker 20.10": { since: "per-line" },
  Podman: { flavour: "podman", podmanQuirks: true },
};

/** Removed as the `at`th request about it arrives, which does not find it any more. False where there is none. */
async function removedAt(
  at: number,
  { begin, live }: Life,
  { fake, peer }: { readonly fake: FakeEngine; readonly peer: AnsweringPeer },
): Promise<boolean> {
  const web = fake.create({ name: "web" });
  begin(web);
  let requests = 0;
  fake.fault = ({ path }) => {
    if (path.includes("/containers/") && ++requests === at) web.remove();
    return undefined;
  };
  const source = new ContainerLogSource("web", { engine: peer.engine, ...eager });
  const follower = new Follower(source);
  await live(follower);
  fake.fault = undefined;
  const isRemoved = requests >= at;
  if (isRemoved) await follower.until(() => follower.isOver, `the end, after ${at}`, AT_ONCE_MS);
  await source.close();
  web.remove();
  // What is not found at first was never there.
  const found = at === 1 ? "failed" : "removed";
  expect(await source.ended).toMatchObject({ kind: isRemoved ? found : "closed" });
  return isRemoved;
}

const cases = Object.entries(engines).flatMap(([engine, options]) =>
  Object.entries(lives).map(([how, life]) => [engine, how, options, life] as const),
);

describe("a container that is removed without a word", () => {
  it.each(cases)("on %s ends its source at once where it %s", async (_, _how, options, life) => {
    await using fake = await FakeEngine.start(options);
    await using peer = await withoutEvents(fake);
    let at = 1;
    while (at <= MOST_REQUESTS && (await removedAt(at, life, { fake, peer }))) at++;
    expect(at).toBeGreaterThan(4);
  });
});
