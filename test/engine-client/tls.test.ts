import { once } from "node:events";
import { createServer } from "node:net";
import { cp, readFile } from "node:fs/promises";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Engine } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { Follower, eager, failure, nothingOpen, toLines } from "../support/fake-follow.ts";
import { Certificates, startTlsProxy } from "../support/tls-proxy.ts";
import type { TlsProxy } from "../support/tls-proxy.ts";

let certificates: Certificates;
let fake: FakeEngine;
beforeAll(async () => {
  certificates = await Certificates.create();
  await certificates.authority("other-ca");
  await Promise.all([
    certificates.make("server"),
    certificates.make("client"),
    certificates.make("expired", { days: -1 }),
    certificates.make("strangers", { by: "other-ca" }),
    certificates.make("elsewhere", { names: "DNS:elsewhere.example" }),
  ]);
  // Right authority for the server, wrong one for the client.
  await cp(certificates.path("ca/ca.pem"), certificates.path("strangers/ca.pem"));
});
afterAll(() => certificates[Symbol.asyncDispose]());
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

async function startProxy(name = "server"): Promise<TlsProxy> {
  const proxy = await startTlsProxy(certificates.path(name), fake.engine.socketPath ?? "");
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

/** As docker is told: by variables, until the end of the test. */
function setVariables(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const former = process.env[name];
    process.env[name] = value;
    onTestFinished(() => {
      if (former === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = former;
    });
  }
}

async function read(engine?: Engine): Promise<string[]> {
  const given = engine === undefined ? {} : { engine };
  const source = new ContainerLogSource("web", { ...given, follow: false });
  const lines: string[] = [];
  for await (const { line } of source) lines.push(line);
  return lines;
}

describe("an engine behind a proxy that asks for client certificates", () => {
  it("is followed exactly, with the certificates of DOCKER_CERT_PATH", async () => {
    const { port } = await startProxy();
    setVariables({
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_TLS_VERIFY: "yes",
      DOCKER_CERT_PATH: certificates.path("client"),
    });
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 100; line++) web.write(`line ${line}`);
    const source = new ContainerLogSource("web", eager);
    const follower = new Follower(source);
    await follower.has(100);
    await source.rotate();
    web.cut();
    web.write("behind a rotation and a cut");
    await follower.has(101);
    expect(follower.lines).toEqual(toLines(web.written));
    await source.close();
    await nothingOpen(fake);
  });

  it.each([
    ["client", "ca", /it wants a client certificate, and there is none/, "none"],
    ["strangers", "ca", /it refuses the client certificate/, "one of another authority"],
    [
      "expired",
      "ca",
      /it refuses the client certificate, which has expired/,
      "one that has expired",
    ],
    [
      "client",
      "other-ca",
      /its certificate is not signed by an authority that is trusted/,
      "the wrong authority",
    ],
  ])("says in a sentence why it refuses %s with %s: %s", async (name, ca, message, what) => {
    const { port } = await startProxy();
    await cp(certificates.path(name), certificates.path("given"), { recursive: true });
    await cp(certificates.path(ca, "ca.pem"), certificates.path("given/ca.pem"));
    const pem = (file: string): Promise<string> =>
      readFile(certificates.path("given", file), "utf8");
    const own = what === "none" ? {} : { cert: await pem("cert.pem"), key: await pem("key.pem") };
    const engine = { host: "127.0.0.1", port, ca: await pem("ca.pem"), ...own };
    const error = await failure(read(engine), "ENGINE_UNREACHABLE");
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`https://127.0.0.1:${port}`);
    expect(error.transient).toBe(false);
  });

  it.each([
    ["expired", /its certificate has expired/],
    ["elsewhere", /its certificate is for another name/],
  ])("is refused where its own certificate is %s", async (name, message) => {
    const { port } = await startProxy(name);
    setVariables({ DOCKER_CERT_PATH: certificates.path("client") });
    const error = await failure(read(`https://127.0.0.1:${port}`), "ENGINE_UNREACHABLE");
    expect(error.message).toMatch(message);
    expect(error.transient).toBe(false);
  });

  it("goes on with certificates that are renewed midway", async () => {
    const proxy = await startTlsProxy(certificates.path("server"), fake.engine.socketPath ?? "");
    await cp(certificates.path("client"), certificates.path("renewed"), { recursive: true });
    const folder = certificates.path("renewed");
    setVariables({ DOCKER_CERT_PATH: folder });
    const web = fake.create({ name: "web" });
    web.write("before");
    const engine = `https://127.0.0.1:${proxy.port}`;
    const source = new ContainerLogSource("web", { engine, ...eager });
    const follower = new Follower(source);
    await follower.has(1);
    // From now on the proxy takes those of another authority alone, and has one of its.
    await proxy[Symbol.asyncDispose]();
    await certificates.make("other-server", { by: "other-ca" });
    const { port } = await startTlsProxyAt(proxy.port);
    expect(port).toBe(proxy.port);
    web.write("meanwhile");
    const { error } = await follower.status("reconnecting");
    expect(error).toMatchObject({ code: "ENGINE_UNREACHABLE", transient: true });
    await certificates.make("renewed", { by: "other-ca" });
    await follower.has(2);
    expect(follower.lines).toEqual(toLines(web.written));
    await source.close();
  });

  it("that is none says so: no TLS on that port", async () => {
    // As Go's HTTP server answers what is no HTTP.
    const plain = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.0 400 Bad Request\r\n\r\nhello"));
    });
    onTestFinished(() => void plain.close());
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    const address = plain.address();
    const port = typeof address === "object" ? address?.port : undefined;
    setVariables({ DOCKER_CERT_PATH: certificates.path("client") });
    const error = await failure(read(`https://127.0.0.1:${port}`), "ENGINE_UNREACHABLE");
    expect(error.message).toContain("it speaks no TLS on that port");
    expect(error.transient).toBe(false);
  });

  it("is not asked with a key that belongs to another certificate, or that is none", async () => {
    const pem = (name: string): Promise<string> => readFile(certificates.path(name), "utf8");
    const [cert, key] = [await pem("client/cert.pem"), await pem("server/key.pem")];
    const engine = { host: "127.0.0.1", port: 1, cert };
    const mixed = await failure(read({ ...engine, key }), "ENGINE_UNREACHABLE");
    expect(mixed.message).toContain("certificate and key of the client do not belong together");
    const none = await failure(read({ ...engine, key: "none" }), "ENGINE_UNREACHABLE");
    expect(none.message).toContain("is no PEM text");
    expect([mixed.transient, none.transient]).toEqual([false, false]);
  });
});

async function startTlsProxyAt(port: number): Promise<TlsProxy> {
  const folder = certificates.path("other-server");
  const proxy = await startTlsProxy(folder, fake.engine.socketPath ?? "", port);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
}
