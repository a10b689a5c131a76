import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface ContextEndpoint {
  readonly Host?: string;
  readonly SkipTLSVerify?: boolean;
}

/** A folder as docker keeps its contexts in, with PEM files for one of them. */
export async function dockerContexts(
  endpoints: Readonly<Record<string, ContextEndpoint | undefined>>,
  withTls?: string,
): Promise<{ readonly DOCKER_CONFIG: string }> {
  const config = await mkdtemp(join(tmpdir(), "dockspool-context-"));
  onTestFinished(() => rm(config, { recursive: true }));
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const meta = join(config, "contexts/meta", idOf(name));
    await mkdir(meta, { recursive: true });
    const json = { Name: name, Metadata: {}, Endpoints: { docker: endpoint } };
    await writeFile(join(meta, "meta.json"), JSON.stringify(json));
    if (name !== withTls) continue;
    const tls = join(config, "contexts/tls", idOf(name), "docker");
    await mkdir(tls, { recursive: true });
    for (const file of ["ca", "cert", "key"])
      await writeFile(join(tls, `${file}.pem`), `the ${file}`);
  }
  return { DOCKER_CONFIG: config };
}

/** The name of a context's folders. */
export function idOf(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}
