// Takes pictures of the site at the widths of a desk and of a phone, after `npm run docs`: docs/maintainers/site/.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { root } from "./tables.ts";

const PAGES = {
  first: "index.html",
  guide: "documents/Many_containers.html",
  options: "documents/Options.html",
  reference: "classes/dockspool.StreamPool.html",
};
const WIDTHS = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
];

const folder = join(root, "docs/maintainers/site");
mkdirSync(folder, { recursive: true });
const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  for (const viewport of WIDTHS) {
    const page = await browser.newPage({ viewport });
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(pathToFileURL(join(root, ".cache/site", path)).href);
      await page.locator("#tsd-nav-container li").first().waitFor({ state: "attached" });
      const overflow = await page.evaluate("document.documentElement.scrollWidth");
      if (Number(overflow) > viewport.width) {
        console.error(`${path} is ${String(overflow)} wide at ${viewport.width}`);
        process.exitCode = 1;
      }
      await page.screenshot({ path: join(folder, `${name}-${viewport.width}.png`) });
    }
    await page.close();
  }
} finally {
  await browser.close();
}
