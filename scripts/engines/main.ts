/**
 * npm run engines -- get [NAME…]   fetches engines, and nats-server, into the cache; all of them where none is named
 * npm run engines -- list          says which are there
 */
import { ENGINES, NATS, cacheDirectory, engineNamed, fetchedVersion } from "./catalog.ts";
import { getEngine, getNats } from "./get.ts";

const ALL = [...ENGINES.map(({ name }) => name), NATS.name];
const [command, ...names] = process.argv.slice(2);
switch (command) {
  case "get":
    for (const name of names.length === 0 ? ALL : names) {
      const isNats = name === NATS.name;
      const wanted = isNats ? NATS : engineNamed(name);
      const there = fetchedVersion(wanted);
      const version = there ?? (await (isNats ? getNats() : getEngine(engineNamed(name))));
      console.log(`${wanted.name}: ${version}${there === undefined ? "" : ", there already"}`);
    }
    break;
  case "list":
    console.log(cacheDirectory());
    for (const name of ALL) console.log(`${name}: ${fetchedVersion({ name }) ?? "not fetched"}`);
    break;
  default:
    console.error("npm run engines -- get [NAME…] | list");
    process.exitCode = 2;
}
