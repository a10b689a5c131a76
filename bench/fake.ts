import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";

/** The engine of `dockspool/testing` in a process of its own. */
export interface Fake extends AsyncDisposable {
  /** As `engine` options have it. */
  readonly engine: Readonly<Record<string, unknown>>;
}

/** Quiet containers, called "idle-0000" and so on. `root`: their logs are files there. */
export async function startFake(containers: number, root?: string): Promise<Fake> {
  const program = fileURLToPath(new URL("programs/fake-engine.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify({ containers, root })], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const reader = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([
    once(reader, "line"),
    exited.then(([code]) => Promise.reject(new Error(`The fake engine ended with ${code}.`))),
  ])) as [string];
  const { engine } = JSON.parse(line) as Pick<Fake, "engine">;
  return {
    engine,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
