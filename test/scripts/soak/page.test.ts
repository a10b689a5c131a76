import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { renderPage } from "../../../scripts/soak/page.ts";
import { readRecordings } from "../../../scripts/soak/recordings.ts";
import { recordingOf } from "../../../scripts/soak/samples.ts";
import { wrongWith } from "../../../scripts/soak/verdict.ts";
import { windowsOf } from "../../../scripts/soak/windows.ts";
import { begin, end, soakSamples } from "../../support/soak-samples.ts";

const docs = new URL("../../../docs/maintainers/", import.meta.url);

describe("docs/maintainers/soak.md", () => {
  test("says what was recorded, and its charts are there", async () => {
    const page = readFileSync(new URL("soak.md", docs), "utf8");
    // After a change: `npm run soak -- page`.
    expect(page).toBe(renderPage(await readRecordings()));
    const charts = [...page.matchAll(/\]\((soak\/[\w-]+\.svg)\)/g)].map(([, path = ""]) => path);
    expect(charts.length).toBeGreaterThan(0);
    expect(charts.filter((path) => !existsSync(new URL(path, docs)))).toEqual([]);
  });

  test("tells of runs in which nothing is wrong", async () => {
    for (const { recording } of await readRecordings()) expect(wrongWith(recording)).toEqual([]);
  });
});

describe("the page", () => {
  const samples = soakSamples(80);

  test("says what is wrong with a run", () => {
    const grown = soakSamples(80, (index) => ({ tasks: 101 + index }));
    const recording = { begin, samples: grown, notes: [], end };
    const page = renderPage([{ name: "rotations", recording }]);
    expect(page).toContain("**It has failed:**\n\n- tasks has grown");
    expect(page).not.toContain("Nothing has grown");
  });

  test("says that a run is not over, from what it has written so far", () => {
    const text = [begin, ...samples].map((entry) => `${JSON.stringify(entry)}\n`).join("");
    const recording = recordingOf(`${text}{"type":"sam`);
    expect(recording.samples).toEqual(samples);
    expect(renderPage([{ name: "rotations", recording }])).toContain(
      "**The run is not over:** 40 minutes so far",
    );
  });
});

describe("the predecessor's checks", () => {
  test("look at every stretch of their length, with the lines that came in it", () => {
    const samples = soakSamples(80, (index) => ({
      engineGoroutines: 480 + (index >= 40 ? (index - 40) * 15 : 0),
    }));
    const windows = windowsOf(samples, 5);
    expect(windows?.count).toBe(70);
    expect(windows?.growth).toMatchObject({ tasks: 0, engineGoroutines: 30 });
    expect(windows?.fewestLinesAMinute).toBe(20_000);
    expect(windows?.fewestRotations).toBe(2_000);
  });

  test("are not made of a run that is shorter", () => {
    expect(windowsOf(soakSamples(10), 10)).toBeUndefined();
  });
});
