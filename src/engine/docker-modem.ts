import Module, { createRequire } from "node:module";
import type Modem from "docker-modem";

/** Its clients for ssh and for attached terminals: most of what loading it takes, and no request of ours goes through them. */
const PARTS = ["docker-modem/lib/ssh.js", "docker-modem/lib/http_duplex.js"];

/**
 * docker-modem's class, loaded when it is first asked for.
 *
 * @throws where it is not installed
 */
export async function loadModem(): Promise<typeof Modem> {
  try {
    loadInParts();
  } catch {
    // In a bundle that holds it nothing is found under its name.
  }
  const { default: modem } = await import("docker-modem");
  return modem;
}

/**
 * docker-modem requires all its parts at once. While it is first loaded, functions stand in the place of some, which require the part
 * when they are called: whoever else uses docker-modem in the process has all of it. Where modules have a cache of another kind (jest),
 * nothing is held back.
 */
function loadInParts(): void {
  const require = createRequire(import.meta.url);
  const { cache } = require;
  const main = require.resolve("docker-modem");
  if (main in cache) return;
  const held = PARTS.map((part) => require.resolve(part)).filter((path) => !(path in cache));
  for (const path of held) {
    const later = new Module(path);
    later.exports = calledLater((): unknown => require(path));
    later.loaded = true;
    cache[path] = later;
  }
  try {
    require(main);
  } finally {
    for (const path of held) delete cache[path];
  }
}

/** Stands for the function or class that `load` gives, also behind `new`. */
function calledLater(load: () => unknown): (...args: unknown[]) => unknown {
  return function later(...args) {
    const loaded = load();
    if (typeof loaded !== "function") return undefined;
    const result: unknown = Reflect.apply(loaded, undefined, args);
    return result;
  };
}
