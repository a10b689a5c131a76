import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineOfContext } from "../../src/cli/docker-context.ts";

interface Endpoint {
  readonly Host?: string;
  readonly SkipTLSVerify?: boolean;
}

/** A folder as docker keeps its contexts in, with PEM files for one of them. */
async function contexts(
  endpoints: Readonly<Record<string, Endpoint>>,
  withTls?: string,
): Promise<NodeJS.ProcessEnv> {
  const config = await mkdtemp(join(tmpdir(), "dockspool-context-"));
  onTestFinished(() => rm(config, { recursive: true }));
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const id = createHash("sha256").update(name).digest("hex");
    const meta = join(config, "contexts/meta", id);
    await mkdir(meta, { recursive: true });
    const json = { Name: name, Metadata: {}, Endpoints: { docker: endpoint } };
    await writeFile(join(meta, "meta.json"), JSON.stringify(json));
    if (name !== withTls) continue;
    const tls = join(config, "contexts/tls", id, "docker");
    await mkdir(tls, { recursive: true });
    for (const file of ["ca", "cert", "key"])
      await writeFile(join(tls, `${file}.pem`), `the ${file}`);
  }
  return { DOCKER_CONFIG: config };
}

describe("a Docker context", () => {
  test("leads to its socket", async () => {
    const env = await contexts({ colima: { Host: "unix:///home/me/.colima/docker.sock" } });
    expect(await engineOfContext("colima", env)).toEqual({
      socketPath: "/home/me/.colima/docker.sock",
    });
  });

  test("leads to a remote engine, with its certificates", async () => {
    const env = await contexts({ prod: { Host: "tcp://10.0.0.5:2376" } }, "prod");
    expect(await engineOfContext("prod", env)).toEqual({
      host: "tcp://10.0.0.5:2376",
      protocol: "https",
      ca: Buffer.from("the ca"),
      cert: Buffer.from("the cert"),
      key: Buffer.from("the key"),
    });
  });

  test("leads through ssh, and to an engine without certificates", async () => {
    const env = await contexts({
      far: { Host: "ssh://me@far.example" },
      open: { Host: "tcp://10.0.0.6:2375" },
    });
    expect(await engineOfContext("far", env)).toEqual({ host: "ssh://me@far.example" });
    expect(await engineOfContext("open", env)).toEqual({ host: "tcp://10.0.0.6:2375" });
  });

  test("called default is the usual engine, with or without files", async () => {
    expect(await engineOfContext("default", { DOCKER_CONFIG: "/nowhere" })).toEqual({});
  });

  test("that there is none of is an error with the names that there are", async () => {
    const env = await contexts({ prod: { Host: "tcp://x:1" }, dev: { Host: "tcp://y:1" } });
    await expect(engineOfContext("prd", env)).rejects.toThrow(
      'Option --context was given "prd"; allowed: default, dev, prod.',
    );
  });

  test("that trusts any certificate is refused", async () => {
    const env = await contexts({ lax: { Host: "tcp://x:2376", SkipTLSVerify: true } });
    await expect(engineOfContext("lax", env)).rejects.toThrow(/lax skips the verification/);
  });

  test("with a damaged file is none", async () => {
    const env = await contexts({ good: { Host: "tcp://x:1" } });
    const folder = join(env["DOCKER_CONFIG"] ?? "", "contexts/meta/damaged");
    await mkdir(folder);
    await writeFile(join(folder, "meta.json"), "{");
    expect(await engineOfContext("good", env)).toEqual({ host: "tcp://x:1" });
  });
});
