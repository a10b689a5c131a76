// Builds the site of the docs into .cache/site: the guides and the reference of the API.
import { buildSite } from "./site.ts";

console.log(await buildSite());
