import { isOptions } from "../checks.ts";
import { ownEngine, validateEngine } from "../engine/engine-options.ts";
import type { Engine } from "../engine/engine-options.ts";
import { invalidOption } from "../errors.ts";

/** @throws DockspoolError INVALID_OPTION */
export function enginesOf({
  engine,
  engines,
}: {
  readonly engine: Engine | undefined;
  readonly engines: Readonly<Record<string, Engine>> | undefined;
}): ReadonlyMap<string, Engine> {
  if (engines === undefined) return onlyEngine(engine);
  if (engine !== undefined) {
    throw invalidOption("engines", engines, 'nothing where "engine" is given: one of the two');
  }
  if (!isOptions(engines))
    throw invalidOption("engines", engines, "an object of engines by their names");
  const all = new Map(Object.entries(engines));
  if (all.size === 0) throw invalidOption("engines", engines, "at least one engine by its name");
  return checkEngines(all, (name) => `engines.${name}`);
}

function onlyEngine(engine: Engine = {}): ReadonlyMap<string, Engine> {
  return checkEngines(new Map([["default", engine]]), () => "engine");
}

function checkEngines(
  engines: ReadonlyMap<string, Engine>,
  placeOf: (name: string) => string,
): ReadonlyMap<string, Engine> {
  for (const [name, engine] of engines) validateEngine(engine, placeOf(name));
  return new Map(Array.from(engines, ([name, engine]) => [name, ownEngine(engine)]));
}
