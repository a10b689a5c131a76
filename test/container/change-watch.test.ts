import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChangeWatch } from "../../src/container/change-watch.ts";
import type { ViewHost } from "../../src/container/host.ts";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eventually, nothingOpen } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
let client: EngineClient;
const closing = new Set<ChangeWatch>();
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.stop();
  client = new EngineClient(fake.engine);
});
afterEach(async () => {
  for (const one of closing) await one.close();
  closing.clear();
  await client.close();
  await fake.close();
});

async function watch(host: Partial<ViewHost> = {}): Promise<ChangeWatch> {
  const { signal } = new AbortController();
  const inspection = await client.inspect(web.id, signal);
  const listen: ViewHost["listen"] = (...parameters) => client.readEvents(...parameters);
  const whole = { client, listen, isWatching: () => false, lookEveryMs: 60_000, ...host };
  const one = new ChangeWatch(whole, inspection, signal, () => closing.delete(one));
  closing.add(one);
  return one;
}

/** Its events are listened to, and a look since has shown no change. */
async function isQuiet(): Promise<void> {
  const inspections = (): number =>
    fake.requests.filter(({ path }) => path.endsWith("/json")).length;
  await eventually(() => inspections() >= 2 && client.sockets <= 1);
}

describe("what happens to a container that stands still", () => {
  it("is told by its start's event, with its time", async () => {
    const one = await watch();
    await isQuiet();
    const before = Date.now();
    web.start();
    const change = await one.change;
    expect(change).toMatchObject({ type: "started" });
    if (change.type === "started") expect(change.by).toBeGreaterThanOrEqual(before - 1);
  });

  it("is told by its removal's event", async () => {
    const one = await watch();
    await isQuiet();
    web.remove();
    expect(await one.change).toEqual({ type: "removed" });
  });

  it("is found by the first look where it happened before the events were listened to", async () => {
    fake.fault = ({ path }) => (path.startsWith("/events") ? { delayMs: 50 } : undefined);
    const one = await watch();
    web.start();
    expect(await one.change).toMatchObject({ type: "not known" });
  });

  it.each([
    ["are refused", { status: 403 }],
    ["have no headers", { withholdHeaders: true }],
    ["end at once", { cutAfterBytes: 0 }],
  ] as const)("is found by looks while the events %s", async (_, fault) => {
    fake.fault = ({ path }) => (path.startsWith("/events") ? fault : undefined);
    const one = await watch();
    web.start();
    expect(await one.change).toEqual({ type: "not known" });
  });

  it("is found by a look where the events die without a word", async () => {
    const one = await watch({
      listen: (_container, { opened }, signal) => {
        opened();
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      },
      lookEveryMs: 20,
    });
    await isQuiet();
    web.start();
    expect(await one.change).toEqual({ type: "not known" });
  });

  it("is looked for at once where somebody says that it may have changed", async () => {
    const one = await watch({
      listen: (_container, { opened }, signal) => {
        opened();
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    });
    await isQuiet();
    web.start();
    one.lookNow();
    expect(await one.change).toEqual({ type: "not known" });
  });

  it("leaves nothing behind when it is not waited for any more", async () => {
    const one = await watch();
    await isQuiet();
    await one.close();
    await nothingOpen(fake);
  });

  it("is asked for no more often than a few times a second while the events end at once", async () => {
    const one = await watch({
      listen: (_container, { opened }) => {
        opened();
        return Promise.resolve();
      },
    });
    await eventually(() => fake.requests.filter(({ path }) => path.endsWith("/json")).length >= 4);
    const { length } = fake.requests;
    const until = Date.now() + 300;
    await eventually(() => Date.now() > until);
    expect(fake.requests.length - length).toBeLessThan(20);
    await one.close();
  });
});
