// Draws the chart of reopening anew, from what bench/results.md says: `npx tsx bench/redraw.ts`.
import { readFile, writeFile } from "node:fs/promises";
import { renderChart } from "./charts.ts";
import { chartOf, outcomesOf } from "./rows/rotating.ts";

const results = await readFile(new URL("results.md", import.meta.url), "utf8");
const chart = chartOf(outcomesOf(results));
await writeFile(new URL(`charts/${chart.name}.svg`, import.meta.url), renderChart(chart));
