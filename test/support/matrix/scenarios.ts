/**
 * What the matrix of engines runs, and on which drivers: the rows and columns of docs/engines.md. The bodies are in
 * test/engines.
 */
import type { EngineKind } from "../real-engine/programs.ts";

export interface Driver {
  /** In the table. */
  readonly name: string;
  readonly kind: EngineKind;
  /** What the engine calls it. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  /** Its logs can't be read. */
  readonly isUnreadable?: true;
  /** Its logs are read from the engine's files as well. */
  readonly hasFiles?: true;
  /** It is in the short run as well. */
  readonly inShort?: true;
}

export const DRIVERS: readonly Driver[] = [
  {
    name: "json-file",
    kind: "docker",
    driver: "json-file",
    options: {},
    hasFiles: true,
    inShort: true,
  },
  {
    name: "json-file, compress",
    kind: "docker",
    driver: "json-file",
    options: { "max-size": "500k", "max-file": "20", compress: "true" },
    hasFiles: true,
  },
  { name: "local", kind: "docker", driver: "local", options: {}, hasFiles: true, inShort: true },
  { name: "journald", kind: "docker", driver: "journald", options: {} },
  { name: "syslog", kind: "docker", driver: "syslog", options: {} },
  { name: "fluentd", kind: "docker", driver: "fluentd", options: {} },
  {
    name: "none",
    kind: "docker",
    driver: "none",
    options: {},
    isUnreadable: true,
    inShort: true,
  },
  {
    name: "k8s-file",
    kind: "podman",
    driver: "k8s-file",
    options: {},
    hasFiles: true,
    inShort: true,
  },
  { name: "journald", kind: "podman", driver: "journald", options: {}, inShort: true },
  {
    name: "none",
    kind: "podman",
    driver: "none",
    options: {},
    isUnreadable: true,
    inShort: true,
  },
];

/** Rows, in the table's order. */
export const SCENARIOS = {
  rotations: "Rotations as fast as lines come",
  exitNoticed: "Rotations every 100 ms: the exit is noticed",
  longLines: "Lines of 20 KB and 100 KB",
  terminal: "Terminal, short lines",
  terminalLong: "Terminal, lines of 40 KB",
  terminalBars: "Terminal, progress bars",
  burst: "A burst just before the exit",
  behind: "A reader that is behind at the exit",
  slowStop: "Output during a slow stop, over a rotation",
  autoRemove: "`--rm` for milliseconds, by a pool",
  stopStart: "Stop and start",
  rename: "Rename",
  remove: "`rm -f` while it writes",
  turns: "A pool of 12 containers over 4 streams",
  kills: "The collector killed, with checkpoints",
  away: "The engine killed and started again",
  ownRotation: "The engine's own log rotation",
  unreadable: "A driver that keeps nothing to read",
  refused: "A driver whose files are not read",
  errors: "Errors: no such container, gone meanwhile",
} as const;

export type Scenario = keyof typeof SCENARIOS;

/** Where lines come from, the option `read`. */
export type Way = "engine" | "files";

/** "exact": every line once and in order. "told": some are missing, and a gap or an incomplete end says so. */
export type Outcome = "exact" | "told" | "failed";

/** Drivers with which the engine keeps a log that it rotates, whose old files it throws away. */
export const ROTATED: Readonly<Record<EngineKind, readonly Driver[]>> = {
  docker: [
    {
      name: "json-file",
      kind: "docker",
      driver: "json-file",
      options: { "max-size": "100k", "max-file": "3" },
      hasFiles: true,
    },
    {
      name: "json-file, compress",
      kind: "docker",
      driver: "json-file",
      options: { "max-size": "100k", "max-file": "3", compress: "true" },
      hasFiles: true,
    },
    {
      name: "local",
      kind: "docker",
      driver: "local",
      options: { "max-size": "100k", "max-file": "3" },
      hasFiles: true,
    },
  ],
  podman: [
    { name: "k8s-file", kind: "podman", driver: "k8s-file", options: { "max-size": "100k" } },
  ],
};

/** What one test tells of itself, in its `meta`. */
export interface CellResult {
  readonly engine: string;
  readonly version: string;
  readonly scenario: Scenario;
  readonly driver: string;
  readonly way: Way;
  readonly outcome: Outcome;
}

declare module "vitest" {
  interface TaskMeta {
    cell?: CellResult;
  }
}
