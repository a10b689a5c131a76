import { inject } from "vitest";
import type { FakeEngine } from "../../src/testing.ts";
import { ProgramRun } from "./program-run.ts";

export interface CommandSetup {
  /** What DOCKER_HOST leads to; default: nothing. */
  readonly fake?: FakeEngine;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** False: nobody reads its output before `readOutput()`. */
  readonly isRead?: boolean;
}

/** The command. */
export class CommandRun extends ProgramRun {
  constructor(args: readonly string[], { fake, env = {}, isRead = true }: CommandSetup = {}) {
    const host = fake === undefined ? "unix:///nowhere/docker.sock" : urlOf(fake);
    const { FORCE_COLOR: _, NO_COLOR: __, ...inherited } = process.env;
    super([inject("cli"), ...args], { env: { ...inherited, DOCKER_HOST: host, ...env }, isRead });
  }

  /** As Ctrl-C does. Resolves with the exit code. */
  override stop(): Promise<number | null> {
    return super.stop("SIGINT");
  }
}

/** As `--engine` takes it. */
export function urlOf({ engine }: FakeEngine): string {
  const { socketPath, host, port } = engine;
  return socketPath === undefined ? `tcp://${host}:${port}` : `unix://${socketPath}`;
}
