// Makes the pictures of the live page in docs/page/, in five minutes: npm run pictures [-- MINUTES]
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { StreamPool } from "../src/index.ts";
import { FakeEngine } from "../src/testing.ts";
import type { FakeContainer } from "../src/testing.ts";
import { startPage } from "../src/cli/page/start-page.ts";

const NAMES = ["gateway", "orders", "cart", "payments", "search", "mailer"];
const REQUESTS = ["GET / 200", "GET /cart 200", "POST /orders 201", "GET /orders/17 200"];
/** So that the phase and its length can be read. */
const STANDSTILL_MS = 25_000;

function pick(choices: readonly string[]): string {
  return choices[Math.floor(Math.random() * choices.length)] ?? "";
}

/** Load that comes and goes, another one in each container. */
function write(container: FakeContainer, index: number, turn: number): void {
  const most = 3 * (1.1 + Math.sin(turn / 70 + index));
  for (let count = Math.floor(Math.random() * most); count > 0; count--)
    container.write(`${pick(REQUESTS)} ${Math.ceil(Math.random() * 40)} ms`);
  if (Math.random() < 0.02) container.write("slow query: 812 ms", { stream: "stderr" });
}

interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height?: number;
  readonly colorScheme: "light" | "dark";
}

async function take(
  browser: Browser,
  url: string,
  { name, width, height, colorScheme }: Picture,
): Promise<void> {
  const viewport = { width, height: height ?? 900 };
  const page = await browser.newPage({ viewport, colorScheme });
  await page.goto(url);
  await page.waitForTimeout(3_000);
  await page.screenshot({ path: `docs/page/${name}.png`, fullPage: height === undefined });
  await page.close();
}

const minutes = Number(process.argv[2] ?? 5);
await using fake = await FakeEngine.start({ port: 2375 });
const containers = NAMES.map((name) =>
  fake.create({ name: `shop-${name}`, image: `shop/${name}` }),
);
await using pool = new StreamPool({
  engine: { ...fake.engine, connectTimeoutMs: 2_000 },
  rotation: { everyMs: 30_000 },
});
await using live = await startPage(pool, { label: "tcp://127.0.0.1:2375" });
await pool.ready();
containers[5]?.stop();
let turn = 0;
const timer = setInterval(() => {
  turn += 1;
  for (const [index, container] of containers.slice(0, 5).entries()) write(container, index, turn);
}, 150);
const following = (async () => {
  for await (const batch of pool.batches()) live.add(batch);
})();
const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  await take(browser, live.url, { name: "light", width: 1200, colorScheme: "light" });
  await take(browser, live.url, { name: "top", width: 1200, height: 650, colorScheme: "light" });
  await take(browser, live.url, { name: "dark", width: 1200, height: 800, colorScheme: "dark" });
  await take(browser, live.url, { name: "phone", width: 360, height: 800, colorScheme: "light" });
  fake.fault = ({ path }) => (path.includes("/logs") ? { withholdHeaders: true } : undefined);
  for (const container of containers) container.cut();
  await new Promise((resolve) => setTimeout(resolve, STANDSTILL_MS));
  await take(browser, live.url, {
    name: "standstill",
    width: 1200,
    height: 1_000,
    colorScheme: "light",
  });
} finally {
  clearInterval(timer);
  await browser.close();
  await pool.close();
  await following;
}
