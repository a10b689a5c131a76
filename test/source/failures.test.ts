import Docker from "dockerode";
import Modem from "docker-modem";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, DockspoolError } from "../../src/index.ts";
import type { Engine, ErrorCode } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, Follower, nothingOpen } from "../support/fake-follow.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

/** The error that ends a source, which the loop throws and `ended` carries. */
async function endOf(container: string, engine: Engine): Promise<DockspoolError> {
  const follower = new Follower(new ContainerLogSource(container, { engine, ...eager }));
  await follower.done;
  const { error } = follower;
  if (!DockspoolError.is(error)) throw new Error(`ended with ${inspect(error)}`);
  expect(await follower.source.ended).toEqual({ kind: "failed", error });
  expect(follower.seen("ended")).toEqual([{ type: "ended", reason: { kind: "failed", error } }]);
  return error;
}

/** One sentence, or two, for a person. */
function expectReadable(error: DockspoolError, code: ErrorCode, ...parts: readonly string[]): void {
  expect(error.code).toBe(code);
  for (const part of parts) expect(error.message).toContain(part);
  expect(error.message).toMatch(/^[^\n]{20,400}[.!?]$/);
}

describe("a container that", () => {
  it("does not exist is an error that names it and the engine", async () => {
    const error = await endOf("nope", fake.engine);
    expectReadable(error, "CONTAINER_NOT_FOUND", '"nope"', fake.engine.socketPath ?? "?");
    await nothingOpen(fake);
  });

  it("has a name that must be escaped is asked for as it is", async () => {
    expectReadable(await endOf("../x y?", fake.engine), "CONTAINER_NOT_FOUND", "../x y?");
  });

  it("is named by a prefix that fits two is an error", async () => {
    for (let index = 0; index < 300; index++) fake.create({ name: `c${index}` });
    const { id } = fake.container("c0");
    const prefix = [id.slice(0, 1), id.slice(0, 2)].find((beginning) => {
      const others = Array.from({ length: 299 }, (_, index) => fake.container(`c${index + 1}`).id);
      return others.some((other) => other.startsWith(beginning));
    });
    if (prefix === undefined) throw new Error("no two ids share a beginning");
    expectReadable(await endOf(prefix, fake.engine), "CONTAINER_NOT_FOUND", JSON.stringify(prefix));
  });

  it.each(["none", "syslog"])(
    "has the log driver %s is an error that says what to use",
    async (logDriver) => {
      fake.create({ name: "web", logDriver });
      expectReadable(await endOf("web", fake.engine), "LOGS_UNREADABLE", "json-file");
      await nothingOpen(fake);
    },
  );

  it("is found by its name, its id, and a beginning of it", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    for (const reference of ["web", web.id, web.id.slice(0, 12)]) {
      const follower = new Follower(
        new ContainerLogSource(reference, { engine: fake.engine, follow: false }),
      );
      await follower.done;
      expect(follower.texts).toEqual(["one"]);
      expect(follower.source.info).toMatchObject({ id: web.id, name: "web" });
    }
  });
});

describe("an address where", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "dockspool-test-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function listening(server: Server): Promise<Engine> {
    await once(server.listen(0, "127.0.0.1"), "listening");
    return { host: "127.0.0.1", port: (server.address() as AddressInfo).port, protocol: "http" };
  }

  it("nothing is reports how it keeps trying", async () => {
    const socketPath = join(folder, "none.sock");
    const follower = new Follower(
      new ContainerLogSource("web", { engine: { socketPath }, ...eager }),
    );
    const { error, attempt } = await follower.status("reconnecting", 2);
    expect(attempt).toBe(2);
    if (!DockspoolError.is(error)) throw new Error("no error of ours");
    expectReadable(error, "ENGINE_UNREACHABLE", socketPath, "Is the engine running?");
    await follower.source.close();
  });

  it("a directory or a regular file is ends with, or reports, that", async () => {
    const file = join(folder, "file");
    await writeFile(file, "x");
    for (const socketPath of [folder, file]) {
      const follower = new Follower(
        new ContainerLogSource("web", { engine: { socketPath }, ...eager }),
      );
      await follower
        .until(() => follower.seen("reconnecting").length > 0 || follower.seen("ended").length > 0)
        .catch(() => {});
      const error = follower.error ?? follower.seen("reconnecting")[0]?.error;
      if (!DockspoolError.is(error)) throw new Error("no error of ours");
      expectReadable(error, "ENGINE_UNREACHABLE", socketPath);
      await follower.source.close();
    }
  });

  it.each([
    ["a page", 200, "<html>hello</html>"],
    ["other JSON", 200, "[]"],
    ["nothing", 200, ""],
    ["not found", 404, "<html>404</html>"],
    ["forbidden", 403, "no"],
  ])("an HTTP server answers %s is no engine", async (_, status, body) => {
    const server = createHttpServer((_request, response) => response.writeHead(status).end(body));
    try {
      expectReadable(await endOf("web", await listening(server)), "ENGINE_RESPONSE", "127.0.0.1");
    } finally {
      server.close();
    }
  });

  it("a server speaks no HTTP is no engine", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("SSH-2.0-OpenSSH_9.2\r\n");
    });
    try {
      expectReadable(await endOf("web", await listening(server)), "ENGINE_RESPONSE", "no HTTP");
    } finally {
      server.close();
    }
  });
});

describe("a modem as engine", () => {
  it.each([
    ["docker-modem's Modem", (): object => new Modem(fake.engine)],
    [
      "dockerode's modem",
      (): object => new Docker({ socketPath: fake.engine.socketPath ?? "" }).modem,
    ],
  ])("serves, and is not changed: %s", async (_, make) => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const modem = make();
    const before = inspect(modem, { depth: 4, showHidden: true });
    const follower = new Follower(
      new ContainerLogSource("web", { engine: modem as Engine, ...eager }),
    );
    await follower.has(1);
    await follower.source.rotate();
    web.write("two");
    await follower.has(2);
    await follower.source.close();
    expect(inspect(modem, { depth: 4, showHidden: true })).toBe(before);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    await nothingOpen(fake);
  });

  it("whose socketPath is a function that rejects gives an error, and no unhandled rejection", async () => {
    const modem = new Modem({
      socketPath: () => Promise.reject(new Error("no such path")),
    } as object);
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const follower = new Follower(
        new ContainerLogSource("web", { engine: modem as Engine, ...eager }),
      );
      await follower.until(() => follower.seen("reconnecting").length > 0).catch(() => {});
      const error = follower.error ?? follower.seen("reconnecting")[0]?.error;
      expect(inspect(error)).toContain("no such path");
      await follower.source.close();
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});
