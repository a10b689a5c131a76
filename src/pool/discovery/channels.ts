import type { DockspoolError } from "../../errors.ts";
import { CHANNELS, diagnosticsChannel } from "../../lifetime/channels.ts";
import { debug, transition } from "../../lifetime/debug.ts";
import type { ContainerInfo } from "../../wire/records.ts";

/** What becomes of a container that a pool has found. */
interface DiscoveryStep {
  readonly kind:
    | "found"
    | "looking"
    | "unwanted"
    | "idle"
    | "followed"
    | "skipped"
    | "failed"
    | "refused"
    | "gone";
}

/** Another thing becomes of a container, as `dockspool:discovered-container` tells it. */
export interface DiscoveryChange {
  /** Its id. */
  readonly container: string;
  /** "" where the engine has not told it yet. */
  readonly name: string;
  /** Undefined before the engine was asked. */
  readonly info: ContainerInfo | undefined;
  readonly from: DiscoveryStep;
  readonly to: DiscoveryStep;
  /** Why it was skipped, or has failed; why it is looked at again. */
  readonly error: unknown;
}

interface Discovered {
  readonly id: string;
  readonly name: string;
  readonly info: ContainerInfo | undefined;
}

const changes = diagnosticsChannel<DiscoveryChange>(CHANNELS.discoveredContainer);

/** As it is kept: with more, which is not told. */
interface DiscoveryState extends DiscoveryStep {
  readonly error?: DockspoolError | undefined;
}

export function publishDiscovery(
  { id, name, info }: Discovered,
  { kind: from }: DiscoveryState,
  to: DiscoveryState,
): void {
  const { kind, error } = to;
  if (changes.hasSubscribers)
    changes.publish({ container: id, name, info, from: { kind: from }, to: { kind }, error });
  if (!debug.enabled) return;
  const shown = name === "" ? id.slice(0, 12) : name;
  debug(transition(`container ${shown}`, from, kind, waitsFor(to)));
}

/** For people; undefined where it waits for nothing. */
function waitsFor({ kind, error }: DiscoveryState): string | undefined {
  const why = error === undefined ? "" : `: ${error.message}`;
  switch (kind) {
    case "looking":
      return `the engine's answer about it${why}`;
    case "unwanted":
      return "another name";
    case "idle":
      return "its start";
    case "skipped":
      return `another run${why}`;
    case "failed":
      return `another attempt${why}`;
    default:
      return undefined;
  }
}
