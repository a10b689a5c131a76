import { execFile } from "node:child_process";
import { cpus, release } from "node:os";
import { promisify } from "node:util";
import type { Context } from "./context.ts";

/** On what was measured, in one line. */
export async function conditions({ engine, env }: Context): Promise<string> {
  const { ServerVersion } = await engine.info();
  const version = ["version", "--format", "{{.Client.Version}}"];
  const host = ["-H", `unix://${engine.ownSocketPath}`];
  const client = await promisify(execFile)("docker", [...host, ...version], { env });
  const processors = cpus();
  return [
    `Docker Engine ${ServerVersion}`,
    `docker command ${client.stdout.trim()}`,
    `Node.js ${process.versions.node}`,
    `Linux ${release().split("-")[0]}`,
    `${processors.length} cores (${processors[0]?.model.trim() ?? "unknown"})`,
    new Date().toISOString().slice(0, 10),
  ].join(", ");
}
