import { join } from "node:path";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { findAddress } from "../../src/engine/address.ts";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { dockerContexts, idOf } from "../support/docker-contexts.ts";
import { failure } from "../support/fake-follow.ts";

describe("a Docker context", () => {
  test("leads to its socket, named by a string or a setting", async () => {
    const env = await dockerContexts({ colima: { Host: "unix:///home/me/.colima/docker.sock" } });
    const address = { kind: "socket", path: "/home/me/.colima/docker.sock" };
    expect(await findAddress("context:colima", env)).toMatchObject(address);
    expect(await findAddress({ context: "colima" }, env)).toMatchObject(address);
  });

  test("leads to a remote engine, with its certificates and without those of variables", async () => {
    const env = await dockerContexts({ prod: { Host: "tcp://10.0.0.5:2376/engine" } }, "prod");
    const variables = { ...env, DOCKER_CERT_PATH: "/nowhere", DOCKER_PATH_PREFIX: "/other" };
    expect(await findAddress("context:prod", variables)).toEqual({
      kind: "tcp",
      host: "10.0.0.5",
      port: 2376,
      pathPrefix: "/engine",
      tls: {
        ca: Buffer.from("the ca"),
        cert: Buffer.from("the cert"),
        key: Buffer.from("the key"),
      },
    });
  });

  test("leads through ssh, and to an engine without certificates", async () => {
    const env = await dockerContexts({
      far: { Host: "ssh://me@far.example/my.sock" },
      open: { Host: "tcp://10.0.0.6:2375" },
    });
    expect(await findAddress("context:far", env)).toMatchObject({
      kind: "ssh",
      username: "me",
      socketPath: "/my.sock",
    });
    const variables = { ...env, DOCKER_TLS_VERIFY: "1" };
    expect(await findAddress("context:open", variables)).toMatchObject({ tls: undefined });
  });

  test("serves by DOCKER_CONTEXT, by currentContext, and only behind DOCKER_HOST", async () => {
    const env = await dockerContexts({ a: { Host: "tcp://a" }, b: { Host: "tcp://b" } });
    const config = join(env.DOCKER_CONFIG, "config.json");
    await writeFile(config, JSON.stringify({ currentContext: "a", auths: {} }));
    const hostOf = async (more: Record<string, string>, engine = {}): Promise<unknown> =>
      Object.entries(await findAddress(engine, { ...env, ...more })).find(
        ([name]) => name === "host",
      )?.[1];
    expect(await hostOf({})).toBe("a");
    expect(await hostOf({ DOCKER_CONTEXT: "" })).toBe("a");
    expect(await hostOf({ DOCKER_CONTEXT: "b" })).toBe("b");
    expect(await hostOf({ DOCKER_CONTEXT: "b", DOCKER_HOST: "tcp://c" })).toBe("c");
    expect(await hostOf({ DOCKER_HOST: "tcp://c" }, { context: "b" })).toBe("b");
    expect(await hostOf({ DOCKER_HOST: "tcp://c" }, { context: "default" })).toBe("c");
    expect(await hostOf({ DOCKER_CONTEXT: "b" }, { host: "d" })).toBe("d");
    expect(await hostOf({ DOCKER_CONTEXT: "default" })).toBeUndefined();
    expect(await hostOf({ DOCKER_CONTEXT: "b" }, { port: 1 })).toBe("b");
    await writeFile(config, "{");
    expect(await hostOf({})).toBeUndefined();
  });

  test("called default is the usual engine, with or without files", async () => {
    const address = await findAddress("context:default", { DOCKER_CONFIG: "/nowhere" });
    expect(address).toMatchObject({ kind: "socket" });
  });

  test("that there is none of is an error with the place and the names that there are", async () => {
    const env = await dockerContexts({ prod: { Host: "tcp://x:1" }, dev: { Host: "tcp://y:1" } });
    const said = `there is no such Docker context in ${env.DOCKER_CONFIG}/contexts. There are: default, dev, prod.`;
    for (const [engine, variables, by] of [
      ["context:prd", {}, 'Option "engine"'],
      [{ context: "prd" }, {}, 'Option "engine.context"'],
      [{}, { DOCKER_CONTEXT: "prd" }, 'Variable "DOCKER_CONTEXT"'],
    ] as const) {
      const error = await failure(findAddress(engine, { ...env, ...variables }), "INVALID_OPTION");
      expect(error.message).toBe(`${by} was given "prd": ${said}`);
    }
    await writeFile(join(env.DOCKER_CONFIG, "config.json"), '{"currentContext":"prd"}');
    const error = await failure(findAddress({}, env), "INVALID_OPTION");
    expect(error.message).toContain(`currentContext of ${env.DOCKER_CONFIG}/config.json was given`);
  });

  test("that trusts any certificate is refused, and one that has no endpoint of Docker's", async () => {
    const env = await dockerContexts({
      lax: { Host: "tcp://x:2376", SkipTLSVerify: true },
      odd: undefined,
      ftp: { Host: "ftp://x" },
    });
    for (const [name, why] of [
      ["lax", /"lax": it skips the verification/],
      ["odd", /"odd": .*meta.json has no endpoint/],
      ["ftp", /Host of the context ftp was given "ftp:\/\/x"/],
    ] as const) {
      const error = await failure(findAddress(`context:${name}`, env), "INVALID_OPTION");
      expect(error.message).toMatch(why);
    }
  });

  test("with a damaged file, or with a certificate and no key, is an error that names the file", async () => {
    const env = await dockerContexts({ good: { Host: "tcp://x:1" } }, "good");
    const folder = join(env.DOCKER_CONFIG, "contexts/meta", idOf("good"));
    const key = join(env.DOCKER_CONFIG, "contexts/tls", idOf("good"), "docker/key.pem");
    await rm(key);
    const keyless = await failure(findAddress("context:good", env), "INVALID_OPTION");
    expect(keyless.message).toContain(`${key} is missing`);
    await writeFile(join(folder, "meta.json"), "{");
    const damaged = await failure(findAddress("context:good", env), "INVALID_OPTION");
    expect(damaged.message).toContain(join(folder, "meta.json"));
    // It hides none of the others.
    await mkdir(join(env.DOCKER_CONFIG, "contexts/meta/other"));
    await failure(findAddress("context:none", env), "INVALID_OPTION");
  });

  test("is read anew by each source", async () => {
    await using first = await FakeEngine.start();
    await using second = await FakeEngine.start();
    first.create({ name: "web" }).write("from the first");
    second.create({ name: "web" }).write("from the second");
    const env = await dockerContexts({ mine: { Host: `unix://${first.engine.socketPath}` } });
    const former = process.env["DOCKER_CONFIG"];
    process.env["DOCKER_CONFIG"] = env.DOCKER_CONFIG;
    try {
      const read = async (): Promise<string[]> => {
        const source = new ContainerLogSource("web", { engine: "context:mine", follow: false });
        const lines: string[] = [];
        for await (const { line } of source) lines.push(line);
        return lines;
      };
      expect(await read()).toEqual(["from the first"]);
      const meta = join(env.DOCKER_CONFIG, "contexts/meta", idOf("mine"), "meta.json");
      const text = await readFile(meta, "utf8");
      await writeFile(
        meta,
        text.replace(first.engine.socketPath ?? "", second.engine.socketPath ?? ""),
      );
      expect(await read()).toEqual(["from the second"]);
    } finally {
      if (former === undefined) delete process.env["DOCKER_CONFIG"];
      else process.env["DOCKER_CONFIG"] = former;
    }
  });
});
