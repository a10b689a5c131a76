import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAddress, showAddress } from "../../src/engine/address.ts";
import { failure } from "../support/fake-follow.ts";

const tcp = { kind: "tcp", pathPrefix: "/", tls: undefined };

describe("DOCKER_HOST", () => {
  it.each([
    ["unix:///run/user/1000/docker.sock", { kind: "socket", path: "/run/user/1000/docker.sock" }],
    ["npipe:////./pipe/docker_engine", { kind: "socket", path: "//./pipe/docker_engine" }],
    ["tcp://10.0.0.5:2375", { ...tcp, host: "10.0.0.5", port: 2375 }],
    ["tcp://10.0.0.5", { ...tcp, host: "10.0.0.5", port: 2375 }],
    ["tcp://[::1]:2375", { ...tcp, host: "::1", port: 2375 }],
    ["http://box:2375", { ...tcp, host: "box", port: 2375 }],
    ["http://box/engine", { ...tcp, host: "box", port: 80, pathPrefix: "/engine" }],
    ["box:1234", { ...tcp, host: "box", port: 1234 }],
    ["10.0.0.5:1234", { ...tcp, host: "10.0.0.5", port: 1234 }],
    ["tcp://box:2376", { kind: "tcp", host: "box", port: 2376, tls: {} }],
    ["https://box:2376", { kind: "tcp", host: "box", port: 2376, tls: {} }],
    ["https://box", { kind: "tcp", host: "box", port: 443, tls: {} }],
    ["ssh://me@box", { kind: "ssh", host: "box", port: 22, username: "me" }],
    ["ssh://me@box:2222", { kind: "ssh", host: "box", port: 2222, username: "me" }],
    ["ssh://box", { kind: "ssh", host: "box", port: 22, username: undefined }],
  ])("%s is understood", async (DOCKER_HOST, expected) => {
    expect(await findAddress({}, { DOCKER_HOST })).toMatchObject(expected);
  });

  it.each(["ftp://box", "tcp://", "http://", "ssh://", "tcp://box:port", "a b c"])(
    "%j is refused",
    async (DOCKER_HOST) => {
      const error = await failure(findAddress({}, { DOCKER_HOST }), "INVALID_OPTION");
      expect(error.message).toContain("DOCKER_HOST");
      expect(error.message).toContain("tcp://HOST:PORT");
    },
  );

  it("that is empty is as good as none", async () => {
    expect(await findAddress({}, { DOCKER_HOST: "" })).toEqual(await findAddress({}, {}));
  });

  it("asks for TLS with DOCKER_TLS_VERIFY, as the docker command does", async () => {
    const env = { DOCKER_HOST: "tcp://box", DOCKER_TLS_VERIFY: "true" };
    expect(await findAddress({}, env)).toMatchObject({ port: 2376, tls: {} });
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
    expect(await findAddress({ protocol: "https" }, { DOCKER_HOST })).toMatchObject({
      port: 9999,
      tls: {},
    });
  });

  it("with TLS material mean https", async () => {
    const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nowhere" };
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
      port: 22,
      username: "me",
      options: { privateKey: "k" },
    });
    expect(showAddress(address)).toBe("ssh://box:22");
  });
});

describe("without anything", () => {
  it("the usual sockets are looked at, and all of them are named", async () => {
    const address = await findAddress({}, { XDG_RUNTIME_DIR: "/run/user/4711" });
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
      const address = await findAddress({}, { XDG_RUNTIME_DIR: folder });
      // Where this machine has a system-wide engine, that one comes first.
      const path = address.kind === "socket" ? address.path : "";
      expect([join(folder, "docker.sock"), "/var/run/docker.sock"]).toContain(path);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
