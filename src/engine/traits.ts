import type { IncomingHttpHeaders } from "node:http";
import { printable } from "../printable.ts";
import type { Joining } from "../wire/open-lines.ts";
import { isKeptAsLocal } from "./log-file-size.ts";

/** In what engines differ, as far as it matters here. Measured; see docs/maintainers/engines-quirks.md. */
export interface EngineTraits {
  readonly name: string;
  /** Parts of a line stand at places that differ from read to read, so lines are aligned, not parts (Podman). */
  readonly unstableParts: boolean;
  /** A follow that ends by itself has sent all of the log (Docker from 23 on). */
  readonly followReachesEnd: boolean;
  /** A silent follow has no response headers yet (Podman 4). */
  readonly headersWithFirstLine: boolean;
  /** `tail` gives the last entries as they are (not Podman 4). */
  readonly exactTail: boolean;
  /** A tail comes however long that takes; others may look for its beginning for ever, of a log that was emptied by hand (Docker 26 and 28). */
  readonly findsTails: boolean;
  /** `/info` gives an ID that stays (not Podman, which makes up another for each answer). */
  readonly namesItself: boolean;
  /** `/events` with `stream=false` ends behind what there is; with `until` it ends then, whatever it has shown (Podman). */
  readonly endsPastEvents: boolean;
  /** While a container handles its stop signal it is said not to run, though it writes on (Podman). */
  readonly deniesStopping: boolean;
  /** A follow of a container that has exited goes on for a while (Podman: for its poll). */
  readonly followOutlivesExit: boolean;
  /** `details=1` puts attributes before each line (not Podman, which knows no such thing). */
  readonly givesAttributes: boolean;
  /** It tells times without their fractions (Podman before 5.8, of `k8s-file`). */
  readonly tellsWholeSeconds: boolean;
}

const cautious: EngineTraits = {
  name: "an unknown engine",
  unstableParts: false,
  followReachesEnd: false,
  headersWithFirstLine: false,
  exactTail: true,
  findsTails: false,
  namesItself: true,
  endsPastEvents: false,
  deniesStopping: false,
  followOutlivesExit: false,
  // Of an engine that does not say who it is, a line's first word might be taken for them.
  givesAttributes: false,
  tellsWholeSeconds: false,
};

/** Tells an engine by what it says of itself in the headers of any answer. */
export function traitsOf(headers: IncomingHttpHeaders): EngineTraits {
  const podman = versionOf(headers["libpod-api-version"]);
  if (podman !== undefined) {
    const old = major(podman) < 5;
    return {
      name: `Podman ${podman}`,
      unstableParts: true,
      followReachesEnd: false,
      headersWithFirstLine: old,
      exactTail: !old,
      findsTails: false,
      namesItself: false,
      endsPastEvents: true,
      deniesStopping: true,
      followOutlivesExit: true,
      givesAttributes: false,
      tellsWholeSeconds: old || (major(podman) === 5 && minor(podman) < 8),
    };
  }
  const docker = versionOf(/^Docker\/(\S+)/.exec(text(headers.server) ?? "")?.[1]);
  if (docker === undefined) return cautious;
  return {
    ...cautious,
    name: `Docker ${docker}`,
    followReachesEnd: major(docker) >= 23,
    findsTails: major(docker) < 23,
    givesAttributes: true,
  };
}

/** The head of an answer says that it is an engine's. Docker and Podman put it into every one. */
export function isSigned(headers: IncomingHttpHeaders): boolean {
  return (
    headers["libpod-api-version"] !== undefined ||
    headers["api-version"] !== undefined ||
    /^(Docker|Libpod)\//.test(text(headers.server) ?? "")
  );
}

/** How the parts of this container's lines belong together. */
export function joiningOf(traits: EngineTraits, logDriver: string): Joining {
  return traits.unstableParts || logDriver === "journald" ? "by-newline" : "by-timestamp";
}

/**
 * A follow of this container brings all that is written, as it was. Podman's `k8s-file`, which may call itself `json-file`, leaves
 * out lines behind the tail and at the exit, and cuts lines that are being written.
 */
export function followsAreWhole(traits: EngineTraits, logDriver: string): boolean {
  return !traits.unstableParts || logDriver === "journald";
}

/**
 * On a terminal the last part of a long line has no newline, so that the next line stands right behind it: Docker before 23, where it
 * reads a log from files of its `local` driver.
 */
export function gluesLines(traits: EngineTraits, logDriver: string): boolean {
  return isOldLocal(traits, logDriver);
}

/** It ends itself where it comes to damage while it looks for a tail's beginning: Docker before 23, in files of its `local` driver. */
export function isEndedByDamage(traits: EngineTraits, logDriver: string): boolean {
  return isOldLocal(traits, logDriver);
}

/** An engine that does not say who it is may be Docker before 23. */
function isOldLocal(traits: EngineTraits, logDriver: string): boolean {
  const isOldDocker = !traits.followReachesEnd && !traits.unstableParts;
  return isOldDocker && isKeptAsLocal(logDriver);
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** It stands in messages. */
function versionOf(header: string | string[] | undefined): string | undefined {
  const version = text(header);
  return version === undefined ? undefined : printable(version, 40);
}

function major(version: string): number {
  return Number.parseInt(version, 10);
}

function minor(version: string): number {
  return Number.parseInt(version.split(".")[1] ?? "", 10);
}
