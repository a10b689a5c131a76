import type { From } from "../index.ts";
import type { Labels, ListenAddress } from "./option-values.ts";

/** Which engine was asked for. */
export type WantedEngine =
  /** The one that DOCKER_HOST or a usual socket leads to, else the demo. */
  | { readonly kind: "found" }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "context"; readonly name: string }
  | { readonly kind: "demo" };

/** What the command line says. */
export interface Settings {
  /** Names of containers, with `*` as wildcard; none: all. */
  readonly patterns: readonly string[];
  readonly labels: Labels;
  readonly engine: WantedEngine;
  readonly from: From;
  /** False: the logs as they are now. */
  readonly follow: boolean;
  readonly format: "lines" | "json";
  /** What begins a record of several lines. */
  readonly multiline: RegExp | undefined;
  /** Only lines that match. */
  readonly grep: RegExp | undefined;
  readonly maxStreams: number;
  /** Undefined: what suits the engine. */
  readonly rotateEveryMs: number | undefined;
  /** A file with positions. */
  readonly checkpoints: string | undefined;
  readonly metrics: ListenAddress | undefined;
  /** Without an address: any free port of this machine. */
  readonly page: ListenAddress | undefined;
}
