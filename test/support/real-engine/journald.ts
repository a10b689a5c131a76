import { existsSync } from "node:fs";
import { join } from "node:path";

import { Daemon } from "./daemon.ts";

const START_MS = 15_000;
const JOURNALD = ["/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-journald"];

/** What is printed faster than a journal takes by default is kept as well. */
const SETTINGS = [
  "[Journal]",
  "Storage=volatile",
  "RateLimitIntervalSec=0",
  "RateLimitBurst=0",
  "RuntimeMaxUse=900M",
  "ForwardToSyslog=no",
  "ForwardToConsole=no",
  "ForwardToWall=no",
];

const SCRIPT = [
  "mount -t tmpfs -o mode=755 tmpfs /run/systemd",
  "mount -t tmpfs -o mode=755,size=1g tmpfs /run/log",
  "mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal",
  `printf '%s\\n' ${SETTINGS.map((line) => `'${line}'`).join(" ")} > /run/systemd/journald.conf.d/own.conf`,
  'exec "$0"',
].join("\n");

/** The name by which a journal's process says whose it is: nothing of its command line does. */
export const JOURNAL_OWNER = "DOCKSPOOL_JOURNAL_OF";

function findJournald(): string | undefined {
  return JOURNALD.find((path) => existsSync(path));
}

/** Why no journal can be had here; undefined where one can. */
export function whyNoJournald(): string | undefined {
  return findJournald() === undefined ? "systemd-journald is not installed" : undefined;
}

/**
 * A systemd-journald for one engine alone, in a mount namespace in which nothing else of systemd is seen. The engine runs in that
 * namespace as well, and so finds this journal where it looks for the machine's.
 */
export class Journald {
  readonly #directory: string;
  #daemon: Daemon | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async start(env: NodeJS.ProcessEnv): Promise<void> {
    const program = findJournald();
    if (program === undefined) throw new Error("systemd-journald is not installed.");
    const args = ["--mount", "--propagation", "private", "sh", "-ec", SCRIPT, program];
    this.#daemon = new Daemon("unshare", args, {
      logPath: join(this.#directory, "journald.log"),
      env: { ...env, [JOURNAL_OWNER]: `${this.#directory}/` },
    });
    const socket = `/proc/${this.#daemon.pid}/root/run/systemd/journal/socket`;
    await this.#daemon.ready(async () => existsSync(socket), START_MS);
  }

  /** The command that runs another one where this journal is seen. */
  inside(command: string, args: readonly string[]): { command: string; args: readonly string[] } {
    if (this.#daemon === undefined) return { command, args };
    const namespace = `--mount=/proc/${this.#daemon.pid}/ns/mnt`;
    return { command: "nsenter", args: [namespace, "--", command, ...args] };
  }

  async end(): Promise<void> {
    await this.#daemon?.end("SIGTERM", 5_000);
  }
}
