import { access } from "node:fs/promises";
import { homedir, platform } from "node:os";
import { join } from "node:path";
import type { Environment } from "./docker-config.ts";

/** Where engines listen: system-wide, rootless, Docker Desktop (macOS, Linux), Podman. */
function usualSockets(env: Environment): string[] {
  if (platform() === "win32") return ["//./pipe/docker_engine"];
  const runtime = env["XDG_RUNTIME_DIR"] ?? `/run/user/${process.getuid?.() ?? 0}`;
  return [
    "/var/run/docker.sock",
    join(runtime, "docker.sock"),
    join(homedir(), ".docker/run/docker.sock"),
    join(homedir(), ".docker/desktop/docker.sock"),
    join(runtime, "podman/podman.sock"),
    "/run/podman/podman.sock",
  ];
}

/** The first that is there, else the first; and all that were looked at. */
export async function findUsualSocket(
  env: Environment,
): Promise<{ readonly path: string; readonly tried: readonly string[] }> {
  const tried = usualSockets(env);
  for (const path of tried) {
    if (await exists(path)) return { path, tried };
  }
  return { path: tried[0] ?? "/var/run/docker.sock", tried };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
