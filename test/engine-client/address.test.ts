import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAddress, showAddress } from "../../src/engine/address.ts";
import { failure } from "../support/fake-follow.ts";

const tcp = { kind: "tcp", pathPrefix: "", tls: undefined };
/** Without contexts, and without certificates of the docker command's own. */
const none = { DOCKER_CONFIG: "/nowhere" };

describe("DOCKER_HOST", () => {
  it.each([
    ["unix:///run/user/1000/docker.sock", { kind: "socket", path: "/run/user/1000/docker.sock" }],
    ["npipe:////./pipe/docker_engine", { kind: "socket", path: "//./pipe/docker_engine" }],
    ["tcp://10.0.0.5:2375", { ...tcp, host: "10.0.0.5", port: 2375 }],
    ["tcp://10.0.0.5", { ...tcp, host: "10.0.0.5", port: 2375 }],
    ["tcp://[::1]:2375", { ...tcp, host: "::1", port: 2375 }],
    ["http://box:2375", { ...tcp, host: "box", port: 2375 }],
    [
      "tcp://10.0.0.5:2375/engine/",
      { ...tcp, host: "10.0.0.5", port: 2375, pathPrefix: "/engine" },
    ],
    ["tcp://[::1]", { ...tcp, host: "::1", port: 2375 }],
    ["tcp://::1", { ...tcp, host: "::1", port: 2375 }],
    ["::1", { ...tcp, host: "::1", port: 2375 }],
    ["fe80::1", { ...tcp, host: "fe80::1", port: 2375 }],
    ["[::1]", { ...tcp, host: "::1", port: 2375 }],
    ["[::1]:1234", { ...tcp, host: "::1", port: 1234 }],
    ["[::1]:1234/engine", { ...tcp, host: "::1", port: 1234, pathPrefix: "/engine" }],
    ["http://box/engine", { ...tcp, host: "box", port: 80, pathPrefix: "/engine" }],
    ["box:1234", { ...tcp, host: "box", port: 1234 }],
    ["10.0.0.5:1234", { ...tcp, host: "10.0.0.5", port: 1234 }],
    ["tcp://box:2376", { kind: "tcp", host: "box", port: 2376, tls: {} }],
    ["https://box:2376", { kind: "tcp", host: "box", port: 2376, tls: {} }],
    ["https://box", { kind: "tcp", host: "box", port: 443, tls: {} }],
    ["ssh://me@box", { kind: "ssh", host: "box", port: undefined, username: "me" }],
    ["ssh://[::1]", { kind: "ssh", host: "::1", username: undefined, socketPath: undefined }],
    ["ssh://me@box:2222", { kind: "ssh", host: "box", port: 2222, username: "me" }],
    ["ssh://box", { kind: "ssh", host: "box", port: undefined, username: undefined }],
    ["ssh://box/", { kind: "ssh", host: "box", socketPath: undefined, options: undefined }],
    [
      "ssh://me@box/run/user/1000/my%20docker.sock",
      { kind: "ssh", host: "box", socketPath: "/run/user/1000/my docker.sock" },
    ],
  ])("%s is understood", async (DOCKER_HOST, expected) => {
    expect(await findAddress({}, { ...none, DOCKER_HOST })).toMatchObject(expected);
  });

  it.each(["ftp://box", "tcp://", "http://", "ssh://", "tcp://box:port", "a b c", "context:prod"])(
    "%j is refused",
    async (DOCKER_HOST) => {
      const error = await failure(findAddress({}, { DOCKER_HOST }), "INVALID_OPTION");
      expect(error.message).toContain("DOCKER_HOST");
      expect(error.message).toContain("tcp://HOST:PORT");
    },
  );

  it.each([
    "ssh://me:secret@box",
    "ssh://box/?x=1",
    "ssh://-oProxyCommand=x",
    "ssh://me@a;b",
    "ssh://-l@box",
    "ssh://$(x)@box",
  ])(
    "%j is refused, as what ssh or a shell would take for more than a name",
    async (DOCKER_HOST) => {
      const error = await failure(findAddress({}, { DOCKER_HOST }), "INVALID_OPTION");
      expect(error.message).toMatch(/DOCKER_HOST.*without a password/);
      expect(error.message).not.toContain("secret");
    },
  );

  it("that is empty is as good as none", async () => {
    const empty = await findAddress({}, { ...none, DOCKER_HOST: "" });
    expect(empty).toEqual(await findAddress({}, none));
  });

  it("has the path of DOCKER_PATH_PREFIX where it brings none, and nothing else has", async () => {
    const prefix = { ...none, DOCKER_PATH_PREFIX: "engines/east/" };
    const pathOf = async (engine: string, DOCKER_HOST: string): Promise<unknown> =>
      Object.entries(await findAddress(engine === "" ? {} : engine, { ...prefix, DOCKER_HOST }))
        .filter(([name]) => name === "pathPrefix")
        .map(([, value]) => value);
    expect(await pathOf("", "tcp://box")).toEqual(["/engines/east"]);
    expect(await pathOf("", "tcp://box/own")).toEqual(["/own"]);
    expect(await pathOf("tcp://other", "tcp://box")).toEqual([""]);
  });

  it.each(["1", "0", "true", "no"])(
    "asks for TLS where DOCKER_TLS_VERIFY is %j, as for the docker command",
    async (DOCKER_TLS_VERIFY) => {
      const env = { ...none, DOCKER_HOST: "tcp://box", DOCKER_TLS_VERIFY };
      expect(await findAddress({}, env)).toMatchObject({ port: 2376, tls: {} });
      expect(await findAddress("tcp://box:1", env)).toMatchObject({ port: 1, tls: {} });
    },
  );

  it("asks for none where it is empty", async () => {
    const env = { ...none, DOCKER_HOST: "tcp://box" };
    expect(await findAddress({}, { ...env, DOCKER_TLS_VERIFY: "" })).toMatchObject({
      port: 2375,
      tls: undefined,
    });
  });
});

describe("certificates", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "dockspool-test-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("come from DOCKER_CERT_PATH, and explicit ones win", async () => {
    for (const name of ["ca", "cert", "key"])
      await writeFile(join(folder, `${name}.pem`), `${name} of the folder`);
    const env = { DOCKER_HOST: "tcp://box:2376", DOCKER_CERT_PATH: folder };
    const address = await findAddress({}, env);
    expect(address.kind === "tcp" && String(address.tls?.cert)).toBe("cert of the folder");
    const { kind, ...own } = await findAddress({ ca: "own" }, env);
    expect(kind).toBe("tcp");
    expect("tls" in own && own.tls?.ca).toBe("own");
  });

  it("are those of docker's own folder without DOCKER_CERT_PATH, as far as they are there", async () => {
    await writeFile(join(folder, "ca.pem"), "ca of the folder");
    const env = { DOCKER_HOST: "tcp://box", DOCKER_TLS_VERIFY: "1", DOCKER_CONFIG: folder };
    expect(await findAddress({}, env)).toMatchObject({
      tls: { ca: Buffer.from("ca of the folder") },
    });
  });

  it("are of one kind: a certificate without its key is an error", async () => {
    for (const name of ["ca", "cert"]) await writeFile(join(folder, `${name}.pem`), name);
    const env = { DOCKER_HOST: "tcp://box:2376", DOCKER_CERT_PATH: folder };
    const error = await failure(findAddress({}, env), "INVALID_OPTION");
    expect(error.message).toContain(`${join(folder, "key.pem")} is missing`);
  });

  it("that are not there are an error that names the folder", async () => {
    const env = { DOCKER_HOST: "tcp://box:2376", DOCKER_CERT_PATH: folder };
    const error = await failure(findAddress({}, env), "INVALID_OPTION");
    expect(error.message).toContain(folder);
    expect(error.message).toContain("DOCKER_CERT_PATH");
  });
});

describe("explicit options", () => {
  const DOCKER_HOST = "tcp://elsewhere:9999";

  it("win over DOCKER_HOST", async () => {
    expect(await findAddress({ socketPath: "/my.sock" }, { DOCKER_HOST })).toMatchObject({
      path: "/my.sock",
    });
    expect(await findAddress({ host: "box" }, { DOCKER_HOST })).toMatchObject({
      host: "box",
      port: 2375,
    });
    expect(await findAddress({ port: 1 }, { DOCKER_HOST })).toMatchObject({
      host: "elsewhere",
      port: 1,
    });
    expect(await findAddress({ protocol: "https" }, { ...none, DOCKER_HOST })).toMatchObject({
      port: 9999,
      tls: {},
    });
  });

  it("with TLS material mean https", async () => {
    const env = { ...none, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nowhere" };
    expect(await findAddress({ host: "box", ca: "pem" }, env)).toMatchObject({
      port: 2376,
      tls: { ca: "pem" },
    });
    expect(await findAddress({ host: "box", protocol: "http" }, env)).toMatchObject({
      tls: undefined,
    });
  });

  it("may mean ssh", async () => {
    const options = {
      host: "box",
      protocol: "ssh" as const,
      username: "me",
      sshOptions: { privateKey: "k" },
    };
    const address = await findAddress(options, { DOCKER_HOST, SSH_AUTH_SOCK: "/agent" });
    expect(address).toMatchObject({
      kind: "ssh",
      host: "box",
      port: undefined,
      username: "me",
      options: { privateKey: "k" },
    });
    expect(showAddress(address)).toBe("ssh://box");
    expect(showAddress(await findAddress("ssh://me@[::1]:2222/my.sock", {}))).toBe(
      "ssh://[::1]:2222/…",
    );
    const both = { host: "ssh://box/my.sock", sshOptions: {} };
    await failure(findAddress(both, {}), "INVALID_OPTION");
  });
});

describe("without anything", () => {
  it("the usual sockets are looked at, and all of them are named", async () => {
    const address = await findAddress({}, { ...none, XDG_RUNTIME_DIR: "/run/user/4711" });
    expect(address.kind).toBe("socket");
    const tried = address.kind === "socket" ? address.tried : [];
    expect(tried).toContain("/var/run/docker.sock");
    expect(tried).toContain("/run/user/4711/docker.sock");
    expect(tried.some((path) => path.endsWith(".docker/desktop/docker.sock"))).toBe(true);
    expect(tried.some((path) => path.endsWith("podman/podman.sock"))).toBe(true);
  });

  it("a rootless engine's socket is found", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dockspool-test-"));
    try {
      await writeFile(join(folder, "docker.sock"), "");
      const address = await findAddress({}, { ...none, XDG_RUNTIME_DIR: folder });
      // Where this machine has a system-wide engine, that one comes first.
      const path = address.kind === "socket" ? address.path : "";
      expect([join(folder, "docker.sock"), "/var/run/docker.sock"]).toContain(path);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
