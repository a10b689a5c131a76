import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { Registry, Gauge } from "prom-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { observe } from "../src/http.ts";
import type { ObserveHandler, ObserveOptions, ObservedPool } from "../src/http.ts";
import { StreamPool } from "../src/index.ts";
import type { Health, PoolOptions } from "../src/index.ts";
import { FakeEngine } from "../src/testing.ts";
import { eager, eventually } from "./support/fake-follow.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let fake: FakeEngine;
let servers: Server[] = [];
let pools: StreamPool[] = [];
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  for (const server of servers) server.close();
  [servers, pools] = [[], []];
  await fake.close();
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, source: eager, ...options });
  pools.push(pool);
  return pool;
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

function serve(pool: ObservedPool, options?: ObserveOptions): Promise<number> {
  return listening(createServer(observe(pool, options)));
}

async function answerOf(port: number, path: string, method = "GET"): Promise<Answer> {
  const request = ask({ port, path, method, host: "127.0.0.1", agent: false }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

async function statusOf(port: number, path: string, method?: string): Promise<number | undefined> {
  return (await answerOf(port, path, method)).status;
}

const PAGES = ["/livez", "/readyz", "/healthz"];

async function statuses(port: number): Promise<(number | undefined)[]> {
  return Promise.all(PAGES.map((path) => statusOf(port, path)));
}

describe("a pool", () => {
  it("that has not begun is live, and not ready", async () => {
    const port = await serve(open());
    expect(await statuses(port)).toEqual([200, 503, 503]);
  });

  it("that does well says so, and shows its health", async () => {
    fake.create({ name: "web" }).start();
    const pool = open();
    pool.deliver(() => {});
    const port = await serve(pool);
    await pool.ready();
    await eventually(() => pool.health().status === "healthy");
    expect(await statuses(port)).toEqual([200, 200, 200]);
    expect(await answerOf(port, "/livez")).toMatchObject({ body: "live\n" });
    expect(await answerOf(port, "/readyz")).toMatchObject({ body: "ready\n" });
    const { headers, body } = await answerOf(port, "/healthz");
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
    });
    expect(JSON.parse(body)).toEqual(pool.health());
  });

  it("without its engine is live; what is waited for is told", async () => {
    fake.outage();
    const pool = open();
    pool.deliver(() => {});
    const port = await serve(pool);
    await eventually(() => /Can't reach/.test(JSON.stringify(pool.health())));
    expect(await statuses(port)).toEqual([200, 503, 503]);
    const { body } = await answerOf(port, "/readyz");
    expect(body).toMatch(/^not ready\nengine:default: .*Can't reach the engine .*\n/);
    fake.restore();
    await pool.ready();
    expect(await statusOf(port, "/readyz")).toBe(200);
  });

  it("that is degraded stays in use", async () => {
    await using west = await FakeEngine.start();
    const pool = new StreamPool({ engines: { east: fake.engine, west: west.engine } });
    pools.push(pool);
    pool.deliver(() => {});
    const port = await serve(pool);
    await pool.ready();
    west.outage();
    await eventually(() => pool.health().status === "degraded");
    expect(await statuses(port)).toEqual([200, 200, 200]);
    const { status }: Health = JSON.parse((await answerOf(port, "/healthz")).body);
    expect(status).toBe("degraded");
  });

  it.each([
    ["closed", async (pool: StreamPool) => pool.close(), "the pool is closed\n"],
    [
      "failed",
      async (pool: StreamPool) => {
        const error = new Error("refused <b>it</b>\nfor good");
        const delivery = pool.deliver(() => Promise.reject(error), { retry: { attempts: 1 } });
        fake.container("web").write("a line");
        await expect(delivery.done).rejects.toThrow("refused");
      },
      /^the pool has failed: Sink "sink" gave up 1 .* refused <b>it<\/b>\\nfor good\. .*\n$/,
    ],
  ])("that is %s is to be replaced, and says why", async (_, end, words) => {
    fake.create({ name: "web" }).start();
    const pool = open();
    const port = await serve(pool);
    await pool.ready();
    await end(pool);
    expect(await statuses(port)).toEqual([503, 503, 503]);
    const { headers, body } = await answerOf(port, "/livez");
    expect(body).toEqual(typeof words === "string" ? words : expect.stringMatching(words));
    expect(headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
  });

  it("that was aborted is to be replaced", async () => {
    const abort = new AbortController();
    const port = await serve(open({ signal: abort.signal }));
    expect(await statusOf(port, "/livez")).toBe(200);
    abort.abort();
    expect(await answerOf(port, "/livez")).toMatchObject({
      status: 503,
      body: "the pool was aborted\n",
    });
  });
});

describe("the handler", () => {
  it("answers HEAD as GET, without a body", async () => {
    const port = await serve(open(), { metrics: new Registry() });
    for (const path of [...PAGES, "/metrics", "/nothing"]) {
      const [get, head] = [await answerOf(port, path), await answerOf(port, path, "HEAD")];
      expect(head.status).toBe(get.status);
      expect(head.body).toBe("");
      expect(head.headers["content-length"]).toBe(String(Buffer.byteLength(get.body)));
      expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
      expect(get.headers["cache-control"]).toBe("no-store");
    }
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("refuses %s", async (method) => {
    const port = await serve(open(), { metrics: new Registry() });
    for (const path of [...PAGES, "/metrics"]) {
      const { status, headers } = await answerOf(port, path, method);
      expect(status).toBe(405);
      expect(headers["allow"]).toBe("GET, HEAD");
    }
  });

  it("ignores a query, and knows no other path", async () => {
    const port = await serve(open());
    expect(await statusOf(port, "/livez?verbose")).toBe(200);
    expect(await statusOf(port, "/livez?")).toBe(200);
    for (const path of ["/", "/livezz", "/x/livez", "//livez", "/LIVEZ", "/%", "/__proto__", "*"])
      expect(await statusOf(port, path)).toBe(404);
    const { body } = await answerOf(port, "/");
    expect(body).toBe("Nothing is here. There are: /livez, /readyz, /healthz.\n");
  });

  it("listens to nothing of the pool, the request and the response, and holds nothing open", async () => {
    const pool = open();
    const names = vi.spyOn(pool, "on");
    const counts: number[] = [];
    const handler = observe(pool, { metrics: new Registry() });
    const server = createServer((request, response) => {
      const all = (): number => [...request.eventNames(), ...response.eventNames()].length;
      const before = all();
      handler(request, response);
      counts.push(all() - before);
    });
    const port = await listening(server);
    const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    for (let i = 0; i < 20; i++) await answerOf(port, "/metrics");
    expect(counts).toEqual(Array.from({ length: 20 }, () => 0));
    expect(names).not.toHaveBeenCalled();
    const left = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    expect(left).toBeLessThanOrEqual(timers + 1);
  });

  it("leaves alone an answer of somebody else's", async () => {
    const handler = observe(open());
    const server = createServer((request, response) => {
      response.writeHead(418).end("mine");
      handler(request, response);
    });
    expect(await answerOf(await listening(server), "/livez")).toMatchObject({
      status: 418,
      body: "mine",
    });
  });
});

describe("/metrics", () => {
  it("is the registry's text", async () => {
    const registry = new Registry();
    new Gauge({ name: "up_to_date", help: "It is.", registers: [registry] }).set(1);
    const port = await serve(open(), { metrics: registry });
    const { status, headers, body } = await answerOf(port, "/metrics");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe(registry.contentType);
    expect(body).toBe(await registry.metrics());
  });

  it("is not there without one, in a sentence", async () => {
    const { status, body } = await answerOf(await serve(open()), "/metrics");
    expect(status).toBe(404);
    expect(body).toMatch(/^No metrics here: .*`metrics`/);
  });

  const contentType = "text/plain";
  it.each([
    ["rejects", () => Promise.reject(new Error("no disk")), "no disk"],
    [
      "throws",
      () => {
        throw new Error("no disk");
      },
      "no disk",
    ],
    ["gives no text", () => Promise.resolve(1 as unknown as string), "metrics() gave no text"],
  ])("is 500 with a sentence and no stack where metrics() %s", async (_, metrics, words) => {
    const port = await serve(open(), { metrics: { contentType, metrics } });
    const { status, body } = await answerOf(port, "/metrics");
    expect(status).toBe(500);
    expect(body).toBe(`There is no answer: ${words}\n`);
    expect(await statusOf(port, "/livez")).toBe(200);
  });

  it("is 500 where the content type can't be sent", async () => {
    const metrics = { contentType: "a\r\nb: c", metrics: () => Promise.resolve("") };
    expect(await statusOf(await serve(open(), { metrics }), "/metrics")).toBe(500);
  });

  it("is 500 where metrics() never answers", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const metrics = vi.fn<() => Promise<string>>(() => new Promise(() => {}));
      const port = await serve(open(), { metrics: { contentType, metrics } });
      const asked = answerOf(port, "/metrics");
      while (metrics.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(30_000);
      expect(await asked).toMatchObject({
        status: 500,
        body: "There is no answer: metrics() did not answer within 30 s\n",
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it("does nothing more for a scraper that has gone", async () => {
    let answer: ((text: string) => void) | undefined;
    const metrics = (): Promise<string> => new Promise((resolve) => (answer = resolve));
    const port = await serve(open(), { metrics: { contentType, metrics } });
    const request = ask({ port, path: "/metrics", host: "127.0.0.1" }).end();
    request.on("error", () => {});
    await eventually(() => answer !== undefined);
    request.destroy();
    const [server] = servers;
    let connections = 1;
    await eventually(() => {
      server?.getConnections((_, count) => (connections = count));
      return connections === 0;
    });
    answer?.("late");
    expect(await statusOf(port, "/livez")).toBe(200);
  });
});

describe("mounted", () => {
  it("in Express, under a prefix or at a route, it hands on what is not its own", async () => {
    const app = express();
    app.use("/internal", observe(open()));
    app.use(observe(open(), { metrics: new Registry() }));
    app.get("/internal/metrics", (_request, response) => void response.send("theirs"));
    app.get("/", (_request, response) => void response.send("the page"));
    const port = await listening(createServer(app));
    expect(await statusOf(port, "/internal/livez?x=1")).toBe(200);
    expect(await statusOf(port, "/internal/readyz")).toBe(503);
    expect(await answerOf(port, "/internal/metrics")).toMatchObject({ body: "theirs" });
    expect(await statusOf(port, "/metrics")).toBe(200);
    expect(await statusOf(port, "/livez", "POST")).toBe(405);
    expect(await answerOf(port, "/")).toMatchObject({ body: "the page" });
    expect(await statusOf(port, "/nothing")).toBe(404);
  });

  it("in Fastify it answers its routes, HEAD as well", async () => {
    const app = fastify();
    const handler: ObserveHandler = observe(open());
    for (const path of PAGES)
      app.get(path, (request, reply) => {
        reply.hijack();
        handler(request.raw, reply.raw);
      });
    app.get("/", () => "the page");
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as AddressInfo;
    try {
      expect(await statuses(port)).toEqual([200, 503, 503]);
      expect(await answerOf(port, "/livez", "HEAD")).toMatchObject({ status: 200, body: "" });
      expect(await answerOf(port, "/")).toMatchObject({ body: "the page" });
    } finally {
      await app.close();
    }
  });
});

describe("a wrong argument is refused by its name:", () => {
  const wrong = (pool: unknown, options?: unknown): string => {
    try {
      observe(pool as StreamPool, options as ObserveOptions);
    } catch (error) {
      return String(error);
    }
    return "";
  };

  it.each([
    [() => wrong(undefined), 'Option "pool" was given undefined; allowed: a StreamPool.'],
    [() => wrong({}), 'Option "pool" was given {}; allowed: a StreamPool.'],
    [() => wrong(open(), { metric: 1 }), 'Unknown option "metric"; did you mean "metrics"?'],
    [() => wrong(open(), null), 'Option "options" was given null'],
    [
      () => wrong(open(), { metrics: () => "" }),
      'Option "metrics" was given a function; allowed: prom-client',
    ],
    [() => wrong(open(), { metrics: {} }), 'Option "metrics" was given {}'],
    [() => wrong(open(), { metrics: { metrics: () => "" } }), 'Option "metrics.contentType" was'],
  ])("%#", (given, message) => {
    expect(given()).toContain(message);
  });

  it("or not at all where it is left out", () => {
    expect(wrong(open(), {})).toBe("");
    // @ts-expect-error an option is given or left out
    expect(wrong(open(), { metrics: undefined } satisfies ObserveOptions)).toBe("");
  });
});
