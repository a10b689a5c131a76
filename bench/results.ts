import { mkdir, readFile, writeFile } from "node:fs/promises";
import { renderChart } from "./charts.ts";
import type { Section } from "./report.ts";
import { renderTable } from "./table.ts";

const FOLDER = new URL("./", import.meta.url);
const RESULTS = new URL("results.md", FOLDER);
const CHARTS = new URL("charts/", FOLDER);

const HEAD = `# Results

Written by \`npm run bench\`; see [README.md](README.md) for how. Times belong to the machine; the ratios are what counts.
`;

/** A section as it stands in the results. */
export function renderSection(section: Section, conditions: string): string {
  const pictures = section.charts.map(({ name, title }) => `![${title}](charts/${name}.svg)`);
  const blocks = [
    headingOf(section.row, section.title),
    `${conditions}.`,
    ...section.text,
    ...section.tables.map(renderTable),
    ...pictures,
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** Puts the section, and its charts, into the results; those of other rows stay as they are. */
export async function writeSection(section: Section, conditions: string): Promise<void> {
  const sections = sectionsOf(await readResults());
  sections.set(section.row, renderSection(section, conditions));
  const inOrder = [...sections].toSorted(([a], [b]) => a - b).map(([, text]) => text);
  await writeFile(RESULTS, [HEAD, ...inOrder].join("\n"));
  await mkdir(CHARTS, { recursive: true });
  for (const chart of section.charts) {
    await writeFile(new URL(`${chart.name}.svg`, CHARTS), renderChart(chart));
  }
}

function headingOf(row: number, title: string): string {
  return `## ${row}. ${title}`;
}

function sectionsOf(results: string): Map<number, string> {
  const parts = results.split(/^(?=## \d+\. )/m).slice(1);
  return new Map(parts.map((part) => [Number.parseInt(part.slice(3), 10), `${part.trimEnd()}\n`]));
}

/** Empty before the first run. */
async function readResults(): Promise<string> {
  try {
    return await readFile(RESULTS, "utf8");
  } catch {
    return "";
  }
}
