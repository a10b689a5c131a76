import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ContainedTask, ContainedWord } from "../engine/fixtures/contained-collector.ts";
import { readLog } from "./plain-reader.ts";
import { programPath } from "./program-path.ts";
import type { RealEngine } from "./real-engine.ts";

const PROJECT = join(import.meta.dirname, "../..");
const SOCKET = "/var/run/docker.sock";
const LOOK_EVERY_MS = 50;
const LOOKS = 1_200;

export interface Mounted {
  readonly read: ContainedTask["read"];
  /** Beside the engine's socket. */
  readonly mounts?: readonly string[];
  readonly root?: string;
  /** By a user who may use the socket, and is not root. */
  readonly isUnprivileged?: boolean;
}

/** Node.js and what it needs, as an image of it would have them; the project at /app. */
function programMounts(): string[] {
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  const paths = [...libraries.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
  return [
    `${process.execPath}:/node:ro`,
    ...paths.map((path) => `${path}:${path}:ro`),
    `${PROJECT}:/app:ro`,
  ];
}

/** A collector in a container of its own; what it prints is read from its log. */
export class Contained {
  readonly #engine: RealEngine;
  readonly #id: string;

  private constructor(engine: RealEngine, id: string) {
    this.#engine = engine;
    this.#id = id;
  }

  /** A collector in a container of its own, which would follow itself if it did not know better. */
  static async run(engine: RealEngine, label: string, given: Mounted): Promise<Contained> {
    const { read, mounts = [], root, isUnprivileged = false } = given;
    const task: ContainedTask = { read, root, names: `${label}-*` };
    const program = programPath("test/engine/fixtures/contained-collector.ts");
    const id = await engine.run({
      name: `${label}-collector`,
      command: ["/node", join("/app", relative(PROJECT, program)), JSON.stringify(task)],
      mounts: [`${engine.ownSocketPath}:${SOCKET}`, ...programMounts(), ...mounts],
      isBare: true,
      user: isUnprivileged ? `1000:${statSync(engine.ownSocketPath).gid}` : undefined,
    });
    return new Contained(engine, id);
  }

  async said(): Promise<ContainedWord[]> {
    const log = await readLog(this.#engine.ownSocketPath, this.#id, { tty: false });
    const errors = log.filter(({ stream }) => stream === "stderr").map(({ line }) => line);
    if (errors.length > 0) throw new Error(errors.join("\n"));
    return log.map(({ line }): ContainedWord => JSON.parse(line));
  }

  /** Waits for a word of that type of the container. */
  async until(type: ContainedWord[0], name?: string): Promise<void> {
    const has = async (): Promise<boolean> =>
      (await this.said()).some(
        (word) => word[0] === type && (name === undefined || word[1] === name),
      );
    for (let look = 0; !(await has()); look++) {
      if (look === LOOKS) throw new Error(`It did not say ${type} ${name ?? ""}.`);
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Stops it as `docker stop` does; its exit code. */
  async stop(): Promise<number> {
    await this.#engine.stop(this.#id, 10);
    return await this.#engine.wait(this.#id);
  }
}
