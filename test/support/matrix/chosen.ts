import { execFileSync } from "node:child_process";

import {
  ENGINES,
  binDirectoryOf,
  enginesNamed,
  fetchedVersion,
} from "../../../scripts/engines/catalog.ts";
import type { EngineVersion } from "../../../scripts/engines/catalog.ts";
import { engineEnvironment, whyNoEngine } from "../real-engine/programs.ts";
import type { EngineKind } from "../real-engine/programs.ts";
import { chosenForms } from "../size.ts";

/** An engine that can be started here. */
export interface Startable {
  readonly name: string;
  readonly kind: EngineKind;
  /** Undefined: the machine's own. */
  readonly binDirectory: string | undefined;
}

export interface Chosen {
  readonly engines: readonly Startable[];
  /** Those that should run and can't, with the reason. */
  readonly missing: readonly string[];
}

/** Which one is taken where one of a kind will do: the machine's own Docker, and the Podman whose plain reads are right. */
const ONE_OF_A_KIND: Readonly<Record<EngineKind, readonly string[]>> = {
  docker: ["docker-20.10", "docker-26.1", "docker-28.5"],
  podman: ["podman-5.4", "podman-5.8", "podman-4.3"],
};

/**
 * The engines that the matrix runs on: those of `DOCKSPOOL_ENGINES`, else all, or in the long form of the tests one Docker and
 * one Podman.
 */
export function chosenEngines(): Chosen {
  const given = process.env["DOCKSPOOL_ENGINES"] ?? "";
  if (given === "" && chosenForms() === "long") return oneOfAKind();
  const wanted = given === "" ? ENGINES : enginesNamed(given);
  const engines: Startable[] = [];
  const missing: string[] = [];
  for (const engine of wanted) {
    const found = startable(engine);
    if (typeof found === "string") missing.push(found);
    else engines.push(found);
  }
  return { engines, missing };
}

function oneOfAKind(): Chosen {
  const engines: Startable[] = [];
  const missing: string[] = [];
  for (const names of Object.values(ONE_OF_A_KIND)) {
    const all = names.flatMap((name) => enginesNamed(name)).map(startable);
    const found = all.find((engine) => typeof engine !== "string");
    if (found !== undefined) engines.push(found);
    else missing.push(...all.slice(0, 1).filter((reason) => typeof reason === "string"));
  }
  return { engines, missing };
}

/** How an engine is started, or why it can't be. */
function startable(engine: EngineVersion): Startable | string {
  const { name, kind } = engine;
  const fetched = fetchedVersion(engine) === undefined ? undefined : binDirectoryOf(engine);
  const binDirectory = fetched ?? undefined;
  const reason = whyNoEngine(binDirectory, kind);
  if (fetched === undefined && !isInstalled(engine))
    return `${name} is neither installed nor fetched (npm run engines -- get ${name})`;
  if (reason !== undefined) return `${name}: ${reason}`;
  return { name, kind, binDirectory };
}

/** Whether the machine's own engine is of that version. */
function isInstalled({ kind, version }: EngineVersion): boolean {
  const program = kind === "docker" ? "dockerd" : "podman";
  try {
    const said = execFileSync(program, ["--version"], {
      env: engineEnvironment(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return said.includes(` ${version}.`);
  } catch {
    return false;
  }
}
