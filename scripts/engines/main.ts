/**
 * npm run engines -- get [NAME…]   fetches engines into the cache; all of them where none is named
 * npm run engines -- list          says which are there
 */
import { ENGINES, cacheDirectory, engineNamed, fetchedVersion } from "./catalog.ts";
import { getEngine } from "./get.ts";

const [command, ...names] = process.argv.slice(2);
switch (command) {
  case "get":
    for (const engine of names.length === 0 ? ENGINES : names.map(engineNamed)) {
      const there = fetchedVersion(engine);
      const version = there ?? (await getEngine(engine));
      console.log(`${engine.name}: ${version}${there === undefined ? "" : ", there already"}`);
    }
    break;
  case "list":
    console.log(cacheDirectory());
    for (const engine of ENGINES)
      console.log(`${engine.name}: ${fetchedVersion(engine) ?? "not fetched"}`);
    break;
  default:
    console.error("npm run engines -- get [NAME…] | list");
    process.exitCode = 2;
}
