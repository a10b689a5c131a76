import { afterEach, beforeEach, expect, it } from "vitest";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, Follower } from "../support/fake-follow.ts";
import { get, getJson } from "./client.ts";

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start({ clockAheadMs: HOUR_MS });
});
afterEach(() => fake.close());

/** By how much a time of the engine's is ahead of ours, in hours. */
const hoursAhead = (time: number | string): number =>
  Math.round(((typeof time === "string" ? Date.parse(time) : time) - Date.now()) / HOUR_MS);

it("the fake engine's clock shows in all that it says of time", async () => {
  const web = fake.create({ name: "web" });
  web.write("one");
  expect(fake.clockAheadMs).toBe(HOUR_MS);
  expect(await getJson(fake, "/containers/web/json")).toMatchObject({
    Created: expect.toSatisfy((time: string) => hoursAhead(time) === 1) as string,
    State: { StartedAt: expect.toSatisfy((time: string) => hoursAhead(time) === 1) as string },
  });
  expect(await getJson(fake, "/info")).toMatchObject({
    SystemTime: expect.toSatisfy((time: string) => hoursAhead(time) === 1) as string,
  });
  const { headers } = await get(fake, "/_ping");
  expect(hoursAhead(headers.date ?? "")).toBe(1);
  expect(hoursAhead(web.log[0]?.timestamp ?? "")).toBe(1);
  const until = (Date.now() + HOUR_MS) / 1_000;
  const { text } = await get(fake, `/events?since=1&until=${until.toFixed(3)}`);
  const events = text.trim().split("\n");
  expect(events).toHaveLength(2);
  for (const event of events)
    expect(hoursAhead((JSON.parse(event) as { timeNano: number }).timeNano / 1e6)).toBe(1);
});

it("the fake engine's clock may be stepped, and times follow it", () => {
  const web = fake.create({ name: "web" });
  for (const hours of [1, -2, 5, 0]) {
    fake.clockAheadMs = hours * HOUR_MS;
    web.write(`ahead by ${hours}`);
  }
  expect(web.log.map(({ timestamp }) => hoursAhead(timestamp) + 0)).toEqual([1, -2, 5, 0]);
});

it.each([0, -3, 10])("a client measures a clock that is %d hours ahead", async (hours) => {
  fake.clockAheadMs = hours * HOUR_MS;
  const client = new EngineClient(fake.engine);
  expect(client.clock.isKnown).toBe(false);
  const web = fake.create({ name: "web" });
  for (const ask of [() => client.inspect("web", signal), () => client.identify(signal)]) {
    await ask();
    const wrong = Math.abs(client.clock.now() - (Date.now() + hours * HOUR_MS));
    expect(wrong).toBeLessThanOrEqual(client.clock.errorMs() + 5);
  }
  // Until now by its clock, which the answer does not wait for long.
  web.stop();
  web.start();
  const events = await client.pastEvents(web.id, Date.now() + hours * HOUR_MS - 60_000, signal);
  expect(events.map(({ action }) => action)).toEqual([
    "create",
    "start",
    "kill",
    "die",
    "stop",
    "start",
  ]);
});

it("past events are asked for until now, also with no more than a Date header to go by", async () => {
  const client = new EngineClient(fake.engine);
  const web = fake.create({ name: "web" });
  await client.list(signal);
  web.stop();
  const events = await client.pastEvents(web.id, 0, signal);
  expect(events.at(-1)?.action).toBe("stop");
});

it("past events of Podman, which shows hardly any where it is asked until a time that passes, come whole", async () => {
  await using podman = await FakeEngine.start({ flavour: "podman" });
  const client = new EngineClient(podman.engine);
  const web = podman.create({ name: "web" });
  await client.inspect(web.id, signal);
  web.restart();
  web.remove();
  const events = await client.pastEvents(web.id, 0, signal);
  expect(events.filter(({ action }) => action === "start")).toHaveLength(2);
  expect(events.at(-1)?.action).toBe("destroy");
  const asked = podman.requests.filter(({ path }) => path.includes("/events"));
  expect(asked.map(({ path }) => path)).toEqual([expect.stringMatching(/stream=false/)]);
  expect(asked[0]?.path).not.toMatch(/until=/);
});

it("a container of an engine with another clock is followed", async () => {
  const web = fake.create({ name: "web" });
  web.write("one");
  const follower = new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager }));
  await follower.has(1);
  fake.clockAheadMs = -HOUR_MS;
  web.write("two");
  await follower.has(2);
  expect(follower.texts).toEqual(["one", "two"]);
  await follower.source.close();
});
