import { readFile } from "node:fs/promises";

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const SCRIPT = "text/javascript; charset=utf-8";

/** Every file of the page, and what it is. The build puts the folder beside the bundle, so that it is found there as well. */
const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "healthy.svg": "image/svg+xml",
  "degraded.svg": "image/svg+xml",
  "unhealthy.svg": "image/svg+xml",
  "chart.js": SCRIPT,
  "charts.js": SCRIPT,
  "connection.js": SCRIPT,
  "containers.js": SCRIPT,
  "dom.js": SCRIPT,
  "format.js": SCRIPT,
  "head.js": SCRIPT,
  "health.js": SCRIPT,
  "kept-lines.js": SCRIPT,
  "lines.js": SCRIPT,
  "main.js": SCRIPT,
  "scale.js": SCRIPT,
};

/** By the path of their request. */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const files = await Promise.all(
    Object.entries(TYPES).map(async ([name, type]): Promise<[string, Asset]> => {
      const body = await readFile(new URL(`./client/${name}`, import.meta.url));
      return [name === "index.html" ? "/" : `/${name}`, { type, body }];
    }),
  );
  return new Map(files);
}
