import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { FakeEngine } from "../../src/testing.ts";
import { ProgramRun } from "./program-run.ts";

const examples = new URL("../../examples/", import.meta.url);
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** How to start an example. */
export interface ExampleSetup {
  readonly fake: FakeEngine;
  /** Where it runs. */
  readonly folder: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** An example, as its reader starts it, with a fake engine as DOCKER_HOST. */
export class ExampleRun extends ProgramRun {
  constructor(name: string, { fake, folder, args = [], env = {} }: ExampleSetup) {
    const file = fileURLToPath(new URL(`${name}.ts`, examples));
    const host = `unix://${fake.engine.socketPath}`;
    super(["--import", tsx, file, ...args], {
      cwd: folder,
      env: { ...process.env, DOCKER_HOST: host, ...env },
    });
  }

  /** As Docker, systemd and Kubernetes stop a service. Resolves with the exit code. */
  override stop(): Promise<number | null> {
    return super.stop("SIGTERM");
  }
}
