import { readFile, readdir } from "node:fs/promises";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { startPage } from "../../../src/cli/page/start-page.ts";
import { readAssets } from "../../../src/cli/page/assets.ts";
import { StreamPool } from "../../../src/index.ts";
import { EventReader } from "../../support/event-reader.ts";
import { eventually } from "../../support/fake-follow.ts";
import { LivePage } from "../../support/live-page.ts";
import { expectNoneLeft, ownResources } from "../../support/own-resources.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  url: string,
  path = "/",
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const target = { hostname: hostname.replace(/[[\]]/g, ""), port, path };
    const sent = request({ ...target, headers, method, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body }),
      );
    });
    sent.on("error", reject).end();
  });
}

describe("the live page's server", () => {
  it("serves the page with headers that let it load its own files alone", async () => {
    await using live = await LivePage.start();
    const { status, headers, body } = await ask(live.page.url);
    expect(status).toBe(200);
    expect(body).toContain("<!doctype html>");
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
    expect(headers["content-security-policy"]).toContain("require-trusted-types-for 'script'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["cache-control"]).toBe("no-store");
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it("is asked by a known name, by its own origin, with GET or HEAD", async () => {
    await using live = await LivePage.start();
    const { url } = live.page;
    for (const path of ["/", "/main.js", "/events"]) {
      expect(await ask(url, path, { host: "evil.example" })).toMatchObject({ status: 403 });
      expect(await ask(url, path, { origin: "http://evil.example" })).toMatchObject({
        status: 403,
      });
      expect(await ask(url, path, {}, "POST")).toMatchObject({ status: 405 });
      expect(await ask(url, path, {}, "OPTIONS")).toMatchObject({ status: 405 });
      expect(await ask(url, path, {}, "HEAD")).toMatchObject({ status: 200, body: "" });
    }
    expect(await ask(url, "/events", { "sec-fetch-site": "cross-site" })).toMatchObject({
      status: 403,
    });
    expect(await ask(url, "/", { "sec-fetch-site": "cross-site" })).toMatchObject({ status: 200 });
    for (const path of ["/nothing", "/../package.json", "/client/main.js", "//evil.example/"])
      expect(await ask(url, path)).toMatchObject({ status: 404 });
  });

  it("answers to further names that it was given", async () => {
    await using live = await LivePage.start({ allowedHosts: ["logs.example"] });
    expect(await ask(live.page.url, "/", { host: "logs.example" })).toMatchObject({ status: 200 });
  });

  it("listens on loopback, and says where", async () => {
    await using live = await LivePage.start();
    expect(live.page.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    await using six = await LivePage.start({ host: "::1" });
    expect((await ask(six.page.url)).status).toBe(200);
  });

  it("says why it can't listen", async () => {
    await using live = await LivePage.start();
    const port = Number(new URL(live.page.url).port);
    const pool = new StreamPool();
    await expect(startPage(pool, { label: "second", port })).rejects.toThrow("EADDRINUSE");
    await pool.close();
  });

  it("tells what the pool does, and sends the lines", async () => {
    await using live = await LivePage.start();
    const web = live.fake.create({ name: "web", image: "nginx" });
    web.write("one");
    using reader = await EventReader.open(live.page.url);
    const hello = await reader.first("hello");
    expect(hello.label).toBe("test");
    await reader.first("lines", ({ lines }) => lines.some(({ text }) => text === "one"));
    web.write("two", { stream: "stderr" });
    const more = await reader.first("lines", ({ lines }) => lines.at(-1)?.text === "two");
    expect(more.lines.at(-1)).toMatchObject({ name: "web", stream: "stderr", leftOut: 0 });
    const { containers, verdict } = await reader.first("overview", ({ lines }) => lines === 2);
    expect(verdict.tone).toBe("healthy");
    expect(containers).toMatchObject([{ name: "web", image: "nginx", phase: "streaming" }]);
    await reader.first("sample", ({ streamsOpen }) => streamsOpen === 1);
    await reader.first("overview", ({ delivered }) => delivered === 2);
  });

  it("tells of a container that is skipped, and of an engine that is away", async () => {
    await using live = await LivePage.start();
    live.fake.create({ name: "web" });
    live.fake.create({ name: "mute", logDriver: "none" });
    using reader = await EventReader.open(live.page.url);
    const { containers } = await reader.first("overview", (one) => one.containerCount === 2);
    expect(containers).toMatchObject([
      { name: "mute", phase: "skipped", status: "degraded" },
      { name: "web", phase: "streaming", status: "healthy" },
    ]);
    expect(containers[0]?.health).toContain("none");
    live.fake.outage();
    const { verdict } = await reader.first("overview", (one) => one.verdict.tone === "still");
    expect(verdict.reason).toMatch(/^engine:default: /);
  });

  it("sends hostile lines as text in JSON that no line end can leave", async () => {
    await using live = await LivePage.start({}, { source: { maxLineBytes: 32 * 1024 * 1024 } });
    const web = live.fake.create({ name: "web" });
    const hostile = [
      "</script><script>alert(1)</script>",
      "\u001b]0;title\u0007\u001b[2Jdata: {}",
      "a\rdata: {}\revent: hello\u2028\u2029",
      "\u202egnp.exe\u0000",
      "x".repeat(16 * 1024 * 1024),
    ];
    for (const line of hostile) web.write(line);
    using reader = await EventReader.open(live.page.url);
    await eventually(() => reader.text.includes('leftOut":1677'), "the long line");
    const lines = reader.all("lines").flatMap((message) => message.lines);
    expect(lines.map(({ text }) => text.slice(0, 60))).toEqual([
      "</script><script>alert(1)</script>",
      "data: {}",
      "a\\rdata: {}\\revent: hello\\u2028\\u2029",
      "\\u202egnp.exe\\u0000",
      "x".repeat(60),
    ]);
    expect(reader.all("hello")).toHaveLength(1);
    expect(reader.text.length).toBeLessThan(100_000);
  });

  it("has room for so many open pages, and again when they are closed", async () => {
    await using live = await LivePage.start();
    const readers = await Promise.all(
      Array.from({ length: 16 }, () => EventReader.open(live.page.url)),
    );
    expect(await ask(live.page.url, "/events")).toMatchObject({ status: 503 });
    for (const reader of readers) reader[Symbol.dispose]();
    let answer = await ask(live.page.url, "/events", {}, "HEAD");
    while (answer.status !== 200) answer = await ask(live.page.url, "/events", {}, "HEAD");
  });

  it("ends with everything that is open", async () => {
    const before = ownResources();
    const live = await LivePage.start();
    const statusListeners = live.pool.listenerCount("status");
    const reader = await EventReader.open(live.page.url);
    const { port } = new URL(live.page.url);
    const silent = connect(Number(port), "127.0.0.1").on("error", () => {});
    await new Promise((resolve) => silent.once("connect", resolve));
    await live.page[Symbol.asyncDispose]();
    await eventually(() => reader.isOver && silent.closed, "the end of connections");
    expect(live.pool.listenerCount("status")).toBe(statusListeners - 1);
    await expect(ask(live.page.url)).rejects.toThrow("ECONNREFUSED");
    await live[Symbol.asyncDispose]();
    await expectNoneLeft(before);
  });
});

describe("the live page's files", () => {
  it("are all there, and have less than 100 KB", async () => {
    const assets = await readAssets();
    const folder = new URL("../../../src/cli/page/client/", import.meta.url);
    const files = (await readdir(folder)).filter((name) => name !== "tsconfig.json");
    expect(
      [...assets.keys()].map((path) => (path === "/" ? "index.html" : path.slice(1))).toSorted(),
    ).toEqual(files.toSorted());
    const bytes = [...assets.values()].reduce((sum, { body }) => sum + body.length, 0);
    expect(bytes).toBeLessThan(100_000);
  });

  it("name nothing from outside, and make no markup of text", async () => {
    const folder = new URL("../../../src/cli/page/client/", import.meta.url);
    for (const name of await readdir(folder)) {
      const text = await readFile(new URL(name, folder), "utf8");
      const outside = text.replaceAll("http://www.w3.org/2000/svg", "");
      expect(outside).not.toMatch(/https?:|innerHTML|outerHTML|insertAdjacent|document\.write/);
    }
  });
});
