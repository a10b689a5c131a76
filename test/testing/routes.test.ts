import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { get, getJson } from "./client.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

const filter = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;

async function names(query: string): Promise<string[]> {
  const list = await getJson(fake, `/containers/json?${query}`);
  if (!Array.isArray(list)) throw new Error("no list");
  return list.flatMap(({ Names }: { Names: string[] }) => Names);
}

test.each(["", "/v1.41", "/v1.51"])("every route answers under the prefix %j", async (prefix) => {
  const { id } = fake.create({ name: "web" });
  for (const path of [
    "/_ping",
    "/version?",
    "/info?",
    "/containers/json?",
    `/containers/${id}/json?`,
  ]) {
    expect((await get(fake, prefix + path)).status).toBe(200);
  }
  expect((await get(fake, `${prefix}/_ping`, "HEAD")).status).toBe(200);
});

test.each([
  ["GET", "/"],
  ["GET", "/nothing"],
  ["POST", "/containers/web/stop"],
  ["DELETE", "/containers/web"],
  ["GET", "//"],
])("%s %s is not found", async (method, path) => {
  const { status, text } = await get(fake, path, method);
  expect([status, JSON.parse(text)]).toEqual([404, { message: "page not found" }]);
});

describe("what the engine says of itself", () => {
  test.each([
    [{}, "28.5.2", "1.51", "Engine"],
    [{ since: "per-line" }, "20.10.24", "1.41", "Engine"],
    [{ flavour: "podman" }, "5.8.6", "1.41", "Podman Engine"],
  ] as const)("with %j is version %s", async (options, Version, ApiVersion, Name) => {
    await using engine = await FakeEngine.start(options);
    expect(await getJson(engine, "/version")).toMatchObject({
      Version,
      ApiVersion,
      Components: [{ Name, Version }],
    });
    const { headers, text } = await get(engine, "/_ping");
    expect([text, headers["api-version"]]).toEqual(["OK", ApiVersion]);
    if (Name === "Engine") {
      expect(headers).toMatchObject({ server: `Docker/${Version} (linux)`, ostype: "linux" });
      expect(headers["libpod-api-version"]).toBeUndefined();
    } else {
      expect(headers["libpod-api-version"]).toBe(Version);
      expect(headers.server).not.toContain("Docker");
    }
    expect(await getJson(engine, "/info")).toMatchObject({ ServerVersion: Version });
  });

  test("has one id for its lifetime and counts its containers", async () => {
    fake.create({ name: "one" });
    fake.create({ name: "two" }).stop();
    const first: object = Object(await getJson(fake, "/info"));
    expect(first).toMatchObject({ Containers: 2, ContainersRunning: 1, ContainersStopped: 1 });
    fake.outage();
    fake.restore();
    expect(await getJson(fake, "/info")).toEqual({ ...first, SystemTime: expect.any(String) });
    await using other = await FakeEngine.start();
    expect(await getJson(other, "/info")).not.toMatchObject({ ID: Object(first).ID });
  });
});

describe("inspect", () => {
  test("has Docker's shape", async () => {
    const web = fake.create({ name: "web", labels: { a: "b" }, tty: true, logDriver: "local" });
    const { id } = web;
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const state = { Paused: false, Restarting: false, Dead: false, ExitCode: 0 };
    const time = expect.stringMatching(/^2\d{3}-.*\.\d{9}Z$/);
    expect(await getJson(fake, "/containers/web/json")).toMatchObject({
      Id: id,
      Name: "/web",
      Created: time,
      RestartCount: 0,
      State: {
        ...state,
        Status: "running",
        Running: true,
        StartedAt: time,
        FinishedAt: "0001-01-01T00:00:00Z",
      },
      Config: { Image: "fake:latest", Labels: { a: "b" }, Tty: true, Hostname: id.slice(0, 12) },
      HostConfig: { LogConfig: { Type: "local", Config: {} } },
    });
    web.pause();
    expect(await getJson(fake, "/containers/web/json")).toMatchObject({
      State: { Status: "paused", Running: true, Paused: true },
    });
    web.stop();
    expect(await getJson(fake, "/containers/web/json")).toMatchObject({
      State: { Status: "exited", Running: false, Paused: false, FinishedAt: time },
    });
  });

  test("finds by id, by the beginning of an id, and by an encoded name", async () => {
    const { id } = fake.create({ name: "a b" });
    for (const reference of [id, id.slice(0, 12), "a%20b", "%2Fa%20b"]) {
      expect(await getJson(fake, `/containers/${reference}/json`)).toMatchObject({ Id: id });
    }
    const { status, text } = await get(fake, "/containers/x/json");
    expect([status, JSON.parse(text)]).toEqual([404, { message: "No such container: x" }]);
    for (let count = 0; count < 16; count += 1) fake.create({ name: `c${count}` });
    const firsts = "0123456789abcdef".split("");
    const answers = await Promise.all(
      firsts.map((first) => get(fake, `/containers/${first}/json`)),
    );
    expect(answers.some(({ status: found }) => found === 400)).toBe(true);
  });

  test("of Podman's k8s-file says json-file", async () => {
    await using podman = await FakeEngine.start({ flavour: "podman" });
    podman.create({ name: "web" });
    expect(await getJson(podman, "/containers/web/json")).toMatchObject({
      HostConfig: { LogConfig: { Type: "json-file" } },
    });
  });
});

describe("the list", () => {
  test("has the containers that are up, the newest first, and all of them where asked", async () => {
    const { id } = fake.create({ name: "web", image: "nginx", labels: { a: "1" } });
    fake.create({ name: "gone" }).stop();
    fake.create({ name: "db" }).pause();
    expect(await names("")).toEqual(["/db", "/web"]);
    expect(await names("all=1")).toEqual(["/db", "/gone", "/web"]);
    expect(await getJson(fake, `/containers/json?${filter({ name: ["web"] })}`)).toMatchObject([
      { Id: id, Names: ["/web"], Image: "nginx", Labels: { a: "1" }, State: "running" },
    ]);
  });

  test("can be filtered by name, id, label and status", async () => {
    const web = fake.create({ name: "web-1", labels: { app: "web", tier: "front" } });
    fake.create({ name: "web-2", labels: { app: "web" } });
    fake.create({ name: "db" }).stop();
    expect(await names(filter({ name: ["web"] }))).toEqual(["/web-2", "/web-1"]);
    expect(await names(filter({ name: ["^/web-1$"] }))).toEqual(["/web-1"]);
    expect(await names(filter({ id: { [web.id]: true } }))).toEqual(["/web-1"]);
    expect(await names(filter({ label: ["app=web", "tier"] }))).toEqual(["/web-1"]);
    expect(await names(filter({ status: ["exited"] }))).toEqual(["/db"]);
    expect((await get(fake, `/containers/json?${filter({ colour: ["red"] })}`)).status).toBe(400);
    expect((await get(fake, "/containers/json?filters=%7B")).status).toBe(400);
  });
});

describe("containers", () => {
  test("have a name of their own until they are removed", () => {
    const web = fake.create({ name: "web" });
    expect(() => fake.create({ name: "web" })).toThrow('"web" is in use');
    const other = fake.create({ name: "other" });
    expect(() => other.rename("web")).toThrow('"web" is in use');
    expect(fake.container("other")).toBe(other);
    web.remove();
    expect(() => fake.container("web")).toThrow("No such container: web");
    other.rename("web");
    expect(fake.container("web")).toBe(other);
    expect(() => web.write("x")).toThrow("was removed");
    expect(() => web.start()).toThrow("was removed");
    web.remove();
    expect(fake.container("web")).toBe(other);
  });

  test("that do not run cannot be paused", () => {
    const web = fake.create({ name: "web" });
    web.stop();
    expect(() => web.pause()).toThrow("not running");
  });
});
