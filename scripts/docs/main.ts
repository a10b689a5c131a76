// Builds the site of the docs into .cache/site, and checks its links: the guides and the reference of the API.
import { relative } from "node:path";
import { deadLinksOfSite } from "./links.ts";
import { buildSite } from "./site.ts";

const folder = await buildSite();
const dead = deadLinksOfSite(folder);
for (const link of dead) console.error(`Dead link: ${link}`);
if (dead.length > 0) process.exitCode = 1;
else console.log(`Built: ${relative(process.cwd(), folder)}/index.html`);
