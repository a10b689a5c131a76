import { mkdir, writeFile } from "node:fs/promises";
import { renderChart } from "../../bench/charts.ts";
import { chartsOf } from "./charts.ts";
import { renderPage } from "./page.ts";
import { readRecordings } from "./recordings.ts";

const PAGE = new URL("../../docs/maintainers/soak.md", import.meta.url);
const CHARTS = new URL("../../docs/maintainers/soak/", import.meta.url);

/** Makes docs/maintainers/soak.md and its charts from what was recorded. */
export async function writePage(): Promise<void> {
  const runs = await readRecordings();
  await mkdir(CHARTS, { recursive: true });
  for (const { name, recording } of runs)
    for (const chart of chartsOf(name, recording.samples))
      await writeFile(new URL(`${chart.name}.svg`, CHARTS), renderChart(chart));
  await writeFile(PAGE, renderPage(runs));
}
