import type { FakeEngine } from "../../src/testing.ts";
import { programPath } from "./program-path.ts";
import { ProgramRun } from "./program-run.ts";

/** How to start an example. */
export interface ExampleSetup {
  readonly fake: FakeEngine;
  /** Where it runs. */
  readonly folder: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** An example, with a fake engine as DOCKER_HOST. */
export class ExampleRun extends ProgramRun {
  constructor(name: string, { fake, folder, args = [], env = {} }: ExampleSetup) {
    const host = `unix://${fake.engine.socketPath}`;
    super([programPath(`examples/${name}.ts`), ...args], {
      cwd: folder,
      env: { ...process.env, DOCKER_HOST: host, ...env },
    });
  }

  /** As Docker, systemd and Kubernetes stop a service. Resolves with the exit code. */
  override stop(): Promise<number | null> {
    return super.stop("SIGTERM");
  }
}
