import { Agent } from "node:http";
import Modem from "docker-modem";
import Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DirectSocket } from "../../src/engine/direct-socket.ts";
import { ContainerLogSource } from "../../src/index.ts";
import type { DockerModem } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, Follower, nothingOpen, toLines } from "../support/fake-follow.ts";

class OwnAgent extends Agent {}

interface Callers {
  readonly of: string;
  readonly connect: (fake: FakeEngine) => {
    readonly engine: DockerModem;
    readonly agent?: Agent;
  };
  readonly isDirect: boolean;
}

const withAgent = (fake: FakeEngine, agent: Agent) => ({
  engine: new Modem({ ...fake.engine, agent }),
  agent,
});

const modems: readonly Callers[] = [
  { of: "docker-modem", isDirect: true, connect: (fake) => ({ engine: new Modem(fake.engine) }) },
  {
    of: "dockerode",
    isDirect: true,
    connect: (fake) => ({ engine: new Docker(fake.engine).modem }),
  },
  {
    of: "docker-modem with a timeout and headers",
    isDirect: true,
    connect: (fake) => ({
      engine: new Modem({ ...fake.engine, timeout: 50, headers: { "X-Own": "1" } }),
    }),
  },
  {
    of: "docker-modem with an agent of its own",
    isDirect: false,
    connect: (fake) => withAgent(fake, new OwnAgent()),
  },
  {
    of: "docker-modem with an agent that keeps connections",
    isDirect: false,
    connect: (fake) => withAgent(fake, new Agent({ keepAlive: true })),
  },
];

/** All that it has of its own, as it is. */
function ownProperties(object: object): Map<PropertyKey, unknown> {
  return new Map(Reflect.ownKeys(object).map((key) => [key, Reflect.get(object, key)]));
}

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await fake.close();
});

describe.each(modems)("a modem of $of", ({ connect, isDirect }) => {
  it(`is read through ${isDirect ? "directly" : "its agent"}, exactly, and stays as it is`, async () => {
    const taken = vi.spyOn(DirectSocket.prototype, "takeBody");
    const { engine, agent } = connect(fake);
    const added = agent && vi.spyOn(Agent.prototype, "createConnection" as never);
    const before = ownProperties(engine);
    const headers = structuredClone(before.get("headers"));
    const agentBefore = agent && [...ownProperties(agent).keys()];
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 500; line++)
      web.write(`line ${line}`, { stream: line % 3 === 0 ? "stderr" : "stdout" });
    const source = new ContainerLogSource("web", { engine, ...eager });
    const follower = new Follower(source);
    await follower.has(500);
    await source.rotate();
    web.write("behind the rotation");
    web.cut();
    web.write("behind the cut");
    await follower.has(502);
    web.stop();
    await follower.status("stopped");
    expect(follower.lines).toEqual(toLines(web.written));
    await source.close();
    agent?.destroy();
    await nothingOpen(fake);
    expect(taken.mock.calls.length > 0).toBe(isDirect);
    if (added !== undefined) expect(added).toHaveBeenCalled();
    expect(ownProperties(engine)).toEqual(before);
    expect(before.get("headers")).toEqual(headers);
    expect(Object.getPrototypeOf(engine)).toBe(Modem.prototype);
    if (agent !== undefined) expect([...ownProperties(agent).keys()]).toEqual(agentBefore);
  });
});

it("the line that docker-modem prepares for each request stays short while a hundred follows are open", async () => {
  const shown: number[] = [];
  const util = await import("node:util");
  const { inspect } = util.default;
  vi.spyOn(util.default, "inspect").mockImplementation((...parameters) => {
    const text = inspect(...parameters);
    const [options] = parameters;
    const isRequest = typeof options === "object" && options !== null && "path" in options;
    if (isRequest) shown.push(text.length);
    return text;
  });
  const modem = new Modem(fake.engine);
  const followers = Array.from({ length: 100 }, (_, index) => {
    fake.create({ name: `web-${index}` }).write("hello");
    return new Follower(new ContainerLogSource(`web-${index}`, { engine: modem }));
  });
  for (const follower of followers) await follower.has(1);
  expect(fake.open.follows).toBe(100);
  const before = shown.length;
  await followers[0]?.source.rotate();
  expect(shown.length).toBeGreaterThan(before);
  expect(Math.max(...shown)).toBeLessThan(2_000);
  await Promise.all(followers.map(({ source }) => source.close()));
  await nothingOpen(fake);
});
