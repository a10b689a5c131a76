import type { EngineKind } from "./hosts.ts";
import type { Protection } from "./plan.ts";

/** What is kept of a run. */
export interface Result {
  readonly seed: number;
  readonly minutes: number;
  readonly engine: EngineKind;
  readonly without?: Protection | undefined;
  readonly acts: Readonly<Record<string, number>>;
  readonly collectors: number;
  readonly leases: number;
  readonly written: number;
  readonly stored: number;
  readonly outOfOrder: number;
  readonly missing: number;
  readonly repeated: number;
  readonly foreign: number;
  readonly heldTwice: number;
}

export function natsChaosPage(_results: readonly Result[]): string {
  return "";
}
