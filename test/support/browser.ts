import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";

/** As Debian and others call it. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

function findBrowser(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/** A suite with one browser for all of its tests; skipped where none is installed. Under CI=true that is a failure. */
export function describeWithBrowser(name: string, body: (browser: () => Browser) => void): void {
  const executablePath = findBrowser();
  let running: Browser | undefined;
  const browser = (): Browser => {
    if (running === undefined) throw new Error("The browser does not run.");
    return running;
  };
  if (executablePath === undefined) {
    const message = `Browser suites skipped: none of ${NAMES.join(", ")} is installed.`;
    if (process.env["CI"] === "true" || process.env["CI"] === "1")
      throw new Error(`${message} Under CI=true that is a failure.`);
    console.log(message);
    describe.skip(name, () => body(browser));
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      // Without its own sandbox: tests may run as root.
      running = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    });
    afterAll(() => running?.close());
    body(browser);
  });
}
