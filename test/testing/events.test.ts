import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { get, Incoming, open } from "./client.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

const filter = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;
const upToSoon = (): string => `since=1&until=${((Date.now() + 20) / 1000).toFixed(3)}`;

interface EventJson {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Record<string, string> };
}

function parse(text: string): EventJson[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line): EventJson => JSON.parse(line));
}
const actions = (text: string): string[] => parse(text).map(({ Action }) => Action);

function live(engine: FakeEngine): void {
  const web = engine.create({ name: "web", labels: { a: "b" } });
  web.restart();
  web.pause();
  web.start();
  web.rename("www");
  web.remove();
}

async function listen(engine: FakeEngine, last: string): Promise<string> {
  const incoming = new Incoming(await open(engine, "/events"));
  live(engine);
  return incoming.until((text) => text.includes(`"Action":"${last}"`) && text.endsWith("\n"));
}

test("come in Docker's order", async () => {
  expect(actions(await listen(fake, "destroy"))).toEqual(
    "create start kill die stop start pause unpause rename kill die destroy".split(" "),
  );
});

test("come in Podman's order", async () => {
  await using podman = await FakeEngine.start({ flavour: "podman" });
  expect(actions(await listen(podman, "remove"))).toEqual(
    "create init start died cleanup init start pause unpause rename died cleanup remove".split(" "),
  );
});

test("have Docker's shape, and every digit of their time", async () => {
  const { id } = fake.create({ name: "web", image: "nginx", labels: { a: "b" } });
  const incoming = new Incoming(await open(fake, "/events?since=1"));
  const text = await incoming.until((seen) => seen.includes('"start"') && seen.endsWith("\n"));
  const [line = ""] = text.split("\n");
  expect(JSON.parse(line)).toMatchObject({
    status: "create",
    id,
    from: "nginx",
    Type: "container",
    Action: "create",
    Actor: { ID: id, Attributes: { name: "web", image: "nginx", a: "b" } },
    scope: "local",
    time: expect.any(Number),
  });
  const seconds = /"time":(\d+),/.exec(line)?.[1] ?? "";
  expect(line).toMatch(new RegExp(`"timeNano":${seconds}\\d{9}}$`));
});

test("of a rename carry both names", async () => {
  const renamed = parse(await listen(fake, "rename")).find(({ Action }) => Action === "rename");
  expect(renamed?.Actor.Attributes).toMatchObject({ name: "www", oldName: "/web" });
});

test("are not repeated without `since`, and end at an `until` that has passed", async () => {
  live(fake);
  const incoming = new Incoming(await open(fake, "/events"));
  fake.create({ name: "new" });
  expect(actions(await incoming.until((text) => text.endsWith("\n")))).toEqual(["create", "start"]);
  expect((await get(fake, "/events?since=1&until=2")).text).toBe("");
  expect((await get(fake, "/events?since=2&until=1")).status).toBe(400);
});

test("go on live until an `until` that is to come", async () => {
  const until = `until=${((Date.now() + 50) / 1000).toFixed(3)}`;
  const incoming = new Incoming(await open(fake, `/events?${until}`));
  expect(await incoming.ended()).toBe("clean");
});

test("are kept for `since` up to 256", async () => {
  for (let count = 0; count < 200; count += 1) fake.create({ name: `c${count}` });
  const incoming = new Incoming(await open(fake, "/events?since=1"));
  const text = await incoming.until((seen) => seen.split("\n").length > 256);
  const kept = parse(text);
  expect(kept).toHaveLength(256);
  expect(kept[0]?.Actor.Attributes.name).toBe("c72");
});

test("can be filtered by type, event, container and label", async () => {
  const web = fake.create({ name: "web", labels: { app: "1" } });
  fake.create({ name: "db" }).stop();
  const filtered = async (value: object): Promise<number> =>
    actions((await get(fake, `/events?${upToSoon()}&${filter(value)}`)).text).length;
  expect(await filtered({ type: ["container"] })).toBe(7);
  expect(await filtered({ type: ["network"] })).toBe(0);
  expect(await filtered({ event: ["start", "die"] })).toBe(3);
  expect(await filtered({ container: ["web"] })).toBe(2);
  expect(await filtered({ container: { [web.id]: true } })).toBe(2);
  expect(await filtered({ label: ["app=1"], event: ["create"] })).toBe(1);
});

test("end without a word at cutEvents(), and a new request works", async () => {
  const cut = new Incoming(await open(fake, "/events"));
  fake.cutEvents();
  expect(await cut.ended()).toBe("cut");
  const incoming = new Incoming(await open(fake, "/events"));
  fake.create({ name: "web" });
  expect(await incoming.until((text) => text.includes("start"))).toContain("create");
});
