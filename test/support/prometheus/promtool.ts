import { spawnSync } from "node:child_process";

import { engineEnvironment } from "../real-engine/programs.ts";

export interface PromtoolResult {
  readonly code: number | null;
  /** What it prints, of both streams. */
  readonly output: string;
}

/** Runs Prometheus's own tool. */
export function promtool(args: readonly string[], input = ""): PromtoolResult {
  const { status, stdout, stderr, error } = spawnSync("promtool", args, {
    env: engineEnvironment(),
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  return { code: status, output: `${stdout}${stderr}` };
}
