import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, FakeEngineOptions } from "../../src/testing.ts";
import { AnsweringPeer } from "../support/answering-peer.ts";
import { eager, Follower } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";

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
  readonly begin: (web: FakeContainer, file: FileLog) => void;
  /** What is done to its source. Resolves when nothing is left to be done. */
  readonly live: (follower: Follower) => Promise<unknown>;
}

const lives: Readonly<Record<string, Life>> = {
  "runs, and is rotated": {
    begin: (_web, file) => file.write("one"),
    live: async ({ source }) => {
      for (let round = 0; round < 3; round++) await source.rotate().catch(() => {});
    },
  },
  "has stopped": {
    begin: (web, file) => {
      file.write("one");
      web.stop();
    },
    live: (follower) => follower.status("stopped").catch(() => {}),
  },
  "has stopped in the middle of a line": {
    begin: (web, file) => {
      file.write("one");
      file.begin("tw");
      web.stop();
    },
    live: (follower) => follower.status("stopped").catch(() => {}),
  },
};

interface Setting {
  readonly engine: FakeEngineOptions;
  readonly read: NonNullable<SourceOptions["read"]>;
}

const settings: Readonly<Record<string, Setting>> = {
  "on Docker 28": { engine: {}, read: "engine" },
  "on Docker 20.10": { engine: { since: "per-line" }, read: "engine" },
  "on Podman": { engine: { flavour: "podman", podmanQuirks: true }, read: "engine" },
  "with its files": { engine: {}, read: "files" },
  "with its files, or not": { engine: {}, read: "auto" },
};

interface World {
  readonly fake: FakeEngine;
  readonly peer: AnsweringPeer;
  readonly read: Setting["read"];
  readonly files: { readonly root: string };
}

/** Removed as the `at`th request about it arrives, which does not find it any more. False where there is none. */
async function removedAt(
  at: number,
  { begin, live }: Life,
  { fake, peer, ...options }: World,
): Promise<boolean> {
  const web = fake.create({ name: "web" });
  const file = new FileLog(web, options.files.root);
  begin(web, file);
  let requests = 0;
  fake.fault = ({ path }) => {
    if (path.includes("/containers/") && ++requests === at) file.remove();
    return undefined;
  };
  const source = new ContainerLogSource("web", { engine: peer.engine, ...eager, ...options });
  const follower = new Follower(source);
  await live(follower);
  fake.fault = undefined;
  const isRemoved = requests >= at;
  if (isRemoved) await follower.until(() => follower.isOver, `the end, after ${at}`, AT_ONCE_MS);
  await source.close();
  file.remove();
  // What is not found at first was never there.
  const found = at === 1 ? "failed" : "removed";
  expect(await source.ended).toMatchObject({ kind: isRemoved ? found : "closed" });
  return isRemoved;
}

const cases = Object.entries(settings).flatMap(([where, setting]) =>
  Object.entries(lives).map(([how, life]) => [where, how, setting, life] as const),
);

describe("a container that is removed without a word", () => {
  it.each(cases)("%s, ends its source at once where it %s", async (_, _how, setting, life) => {
    await using fake = await FakeEngine.start(setting.engine);
    await using peer = await withoutEvents(fake);
    const world = { fake, peer, read: setting.read, files: { root: dataRoot() } };
    let at = 1;
    while (at <= MOST_REQUESTS && (await removedAt(at, life, world))) at++;
    expect(at).toBeGreaterThan(3);
  });
});
