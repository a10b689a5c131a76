import { mkdirSync, mkdtempSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { callApi } from "./api.ts";
import { DIRECTORY_PREFIX, markOwner, obliterate } from "./leftovers.ts";

export interface DaemonOptions {
  readonly liveRestore: boolean;
  readonly directory: string | undefined;
  readonly binDirectory: string | undefined;
  /** With a journal of its own, for the driver `journald`. */
  readonly journald: boolean;
}

/** The processes of an engine that this process has started in a directory of their own. */
export interface EngineDaemons {
  readonly directory: string;
  readonly socketPath: string;
  /** The environment for the engine's programs. */
  readonly env: NodeJS.ProcessEnv;
  /** The file that the daemon writes to. */
  readonly logPath: string;
  /** Starts what the daemon needs. */
  begin(): Promise<void>;
  /** Gives the process id once the daemon answers. */
  startDaemon(): Promise<number>;
  endDaemon(signal: NodeJS.Signals): Promise<void>;
  /** Ends everything, and deletes the directory. */
  end(): Promise<void>;
}

/** Bytes that a unix socket's path may have, less the longest name below an engine's directory. */
const LONGEST_DIRECTORY = 107 - "/exec/libnetwork/0123456789ab.sock".length;

/** Makes an engine's directory: a new one where none is wanted. */
export function makeDirectory(wanted: string | undefined): string {
  const directory = wanted ?? mkdtempSync(join(tmpdir(), DIRECTORY_PREFIX));
  if (wanted !== undefined) mkdirSync(directory);
  markOwner(directory);
  if (Buffer.byteLength(directory) > LONGEST_DIRECTORY) {
    obliterate(directory);
    throw new Error(
      `${directory} is too long for unix sockets (at most ${LONGEST_DIRECTORY} bytes): set TMPDIR to a shorter one.`,
    );
  }
  return directory;
}

export async function answersPing(socketPath: string): Promise<boolean> {
  try {
    const call = { method: "GET", path: "/_ping", timeoutMs: 2_000 } as const;
    return (await callApi(socketPath, call)).status === 200;
  } catch {
    return false;
  }
}

/** Whether something listens there. */
export function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
