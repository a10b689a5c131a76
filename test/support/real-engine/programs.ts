import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type EngineKind = "docker" | "podman";

const PROGRAMS: Readonly<Record<EngineKind, readonly string[]>> = {
  docker: ["dockerd", "containerd", "runc", "busybox"],
  podman: ["podman", "conmon", "runc", "busybox"],
};

/** The environment for an engine's programs: nothing that points them at another engine, and root's usual PATH. */
export function engineEnvironment(binDirectory?: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(DOCKER|CONTAINERD|CONTAINERS|PODMAN|STORAGE|LISTEN|NOTIFY)_/.test(name))
      env[name] = value;
  }
  env["PATH"] = [
    ...(binDirectory === undefined ? [] : [binDirectory]),
    ...(process.env["PATH"] ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
  ].join(delimiter);
  return env;
}

/** The path of a program, or undefined where it is not installed. */
export function findProgram(name: string, env: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Why no engine can be started here; undefined where one can. */
export function whyNoEngine(
  binDirectory?: string,
  kind: EngineKind = "docker",
): string | undefined {
  if (process.platform !== "linux") return "an engine of its own needs Linux";
  if (process.getuid?.() !== 0) return "an engine of its own needs root";
  const env = engineEnvironment(binDirectory);
  for (const program of PROGRAMS[kind]) {
    if (findProgram(program, env) === undefined) return `${program} is not installed`;
  }
  return undefined;
}
