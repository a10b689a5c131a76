import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { DASHBOARD_PATH, dashboard } from "../../scripts/dashboard/dashboard.ts";
import { DELIVERY_SECONDS, ROTATION_SECONDS } from "../../src/metrics/histograms.ts";
import { SERIES } from "../../src/metrics/series.ts";
import { panelExpressions, readDashboard } from "../support/prometheus/dashboard.ts";
import { readExpression, withoutVariables } from "../support/prometheus/promql.ts";
import { readAlerts } from "../support/prometheus/rules.ts";
import { usualSeries } from "../support/prometheus/usual-series.ts";

const PREFIX = "dockspool_";
/** What a target has besides. */
const OF_TARGETS = ["job", "instance"];
/** Of Prometheus, and of prom-client's default metrics. */
const FOREIGN = ["up", "process_resident_memory_bytes"];

/** Each series' name with its labels; a histogram is three. */
const catalogue = new Map<string, readonly string[]>();
for (const { name, labels } of SERIES) catalogue.set(PREFIX + name, labels);
for (const { name, labels } of [ROTATION_SECONDS, DELIVERY_SECONDS]) {
  for (const suffix of ["_count", "_sum"]) catalogue.set(PREFIX + name + suffix, labels);
  catalogue.set(`${PREFIX}${name}_bucket`, [...labels, "le"]);
}

const expressions = [
  ...panelExpressions().map(({ panel, expr }) => ({ where: `panel "${panel}"`, expr })),
  ...readAlerts().map(({ alert, expr }) => ({ where: alert, expr })),
].map(({ where, expr }) => ({ where, ...readExpression(withoutVariables(expr)) }));

describe("dashboard and alerts", () => {
  test("use series and labels that there are", () => {
    const wrong: string[] = [];
    for (const { where, selections, groupings } of expressions) {
      const known = new Set(OF_TARGETS);
      for (const { name, labels } of selections) {
        const own = catalogue.get(name);
        if (own === undefined && !FOREIGN.includes(name)) wrong.push(`${where}: ${name}`);
        for (const label of own ?? []) known.add(label);
        for (const label of labels)
          if (![...OF_TARGETS, ...(own ?? [])].includes(label))
            wrong.push(`${where}: ${name}{${label}}`);
      }
      for (const label of groupings) if (!known.has(label)) wrong.push(`${where}: by ${label}`);
    }
    expect(wrong).toEqual([]);
  });

  test("show every series", () => {
    const used = new Set(
      expressions.flatMap(({ selections }) => selections.map(({ name }) => name)),
    );
    const names = [...SERIES, ROTATION_SECONDS, DELIVERY_SECONDS].map(({ name }) => PREFIX + name);
    const isUsed = (name: string): boolean => used.has(name) || used.has(`${name}_bucket`);
    expect(names.filter((name) => !isUsed(name))).toEqual([]);
  });

  test("count the growth of counters, and never the rate of a gauge", () => {
    const gauges = SERIES.filter(({ type }) => type === "gauge").map(({ name }) => PREFIX + name);
    const wrong = [...panelExpressions(), ...readAlerts()].flatMap(({ expr }) =>
      [...expr.matchAll(/\b(?:rate|irate|increase)\(\s*(\w+)/g)].filter(([, name = ""]) =>
        gauges.includes(name),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("what the scenarios of the alerts are made of are series that there are", () => {
    const unknown = usualSeries().filter(({ name, labels }) => {
      if (FOREIGN.includes(name)) return false;
      const own = [...OF_TARGETS, ...(catalogue.get(name) ?? [])].toSorted();
      return !catalogue.has(name) || Object.keys(labels).toSorted().join() !== own.join();
    });
    expect(unknown).toEqual([]);
  });
});

describe("the dashboard", () => {
  const { panels, templating } = readDashboard();
  const shown = panels.filter(({ type }) => type !== "row");

  test("is what `npm run dashboard` writes", () => {
    const written = `${JSON.stringify(dashboard(), undefined, 2)}\n`;
    expect(readFileSync(DASHBOARD_PATH, "utf8")).toBe(written);
  });

  test("has a sentence in each panel that says what good is, and a unit", () => {
    const without = shown.filter(
      ({ type, description = "", fieldConfig }) =>
        !/^Good is .+\.$/.test(description) ||
        (type !== "state-timeline" && fieldConfig?.defaults.unit === undefined),
    );
    expect(without).toEqual([]);
  });

  test("chooses by data source, pool, engine and container", () => {
    const names = templating.list.map(({ name, type }) => `${type} ${name}`);
    expect(names).toEqual([
      "datasource datasource",
      "query instance",
      "query engine",
      "query container",
    ]);
    for (const { query } of templating.list) {
      if (typeof query === "string") continue;
      const [, selector = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(query.query) ?? [];
      const [selection] = readExpression(withoutVariables(selector)).selections;
      const labels = catalogue.get(selection?.name ?? "");
      expect([...OF_TARGETS, ...(labels ?? [])]).toContain(label);
    }
  });

  test("has panels that do not lie on each other, each with an id of its own", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = new Set<string>();
    let size = 0;
    for (const { gridPos } of panels) {
      size += gridPos.w * gridPos.h;
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) cells.add(`${x} ${y}`);
    }
    expect(cells.size).toBe(size);
    expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24);
  });
});
