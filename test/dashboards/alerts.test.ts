import { readFileSync } from "node:fs";

import { describe, expect, inject, test } from "vitest";

import { SCENARIOS } from "../support/prometheus/alert-scenarios.ts";
import { promtool } from "../support/prometheus/promtool.ts";
import { RULES_PATH, readAlerts, rulesText } from "../support/prometheus/rules.ts";
import { longOnly } from "../support/size.ts";
import { complaints, firingAlerts } from "../support/prometheus/scenario.ts";

const alerts = readAlerts();
const cases = Object.entries(SCENARIOS).flatMap(([alert, scenarios]) =>
  Object.entries(scenarios).map(([name, scenario]) => ({ alert, name, scenario })),
);
/** The scenarios in which the alert that they are about fires, by its name. */
const firing = new Map(
  cases
    .filter(({ alert, scenario }) => Object.values(scenario.fires).flat().includes(alert))
    .map(({ alert, scenario }) => [alert, scenario]),
);

describe("alerts", () => {
  test("each has a scenario in which it fires", () => {
    expect([...firing.keys()].toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });

  test("each has a severity, a summary, a description, and a section of its own in docs/operating.md", () => {
    const sections = [...readFileSync("docs/operating.md", "utf8").matchAll(/^### `?(\w+)`?$/gm)];
    const anchors = new Set(sections.map(([, title = ""]) => title.toLowerCase()));
    const incomplete = alerts.filter(({ alert, labels, annotations }) => {
      const { summary = "", description = "", runbook_url: url = "" } = annotations;
      const hasSeverity = ["critical", "warning", "info"].includes(labels["severity"] ?? "");
      const hasText = summary !== "" && description.endsWith(".");
      const anchor = alert.toLowerCase();
      const hasSection = url.endsWith(`/docs/operating.md#${anchor}`) && anchors.has(anchor);
      return !(hasSeverity && hasText && hasSection);
    });
    expect(incomplete.map(({ alert }) => alert)).toEqual([]);
  });

  test("the rotation interval stands in three places, and they agree", () => {
    const overdue = alerts.find(({ alert }) => alert === "DockspoolRotationOverdue");
    expect(overdue?.expr.match(/\b720\b/g)).toHaveLength(2);
    expect(overdue?.expr.match(/offset 12m/g)).toHaveLength(1);
    expect(rulesText()).toContain("change the three places with 720 and 12m");
  });
});

describe.skipIf(!inject("prometheus"))("alerts in promtool", () => {
  test("promtool finds nothing wrong with them", () => {
    const { code, output } = promtool(["check", "rules", RULES_PATH]);
    expect(output).toContain(`${alerts.length} rules found`);
    expect(code).toBe(0);
  });

  test.each(cases)("$alert: $name", longOnly, ({ scenario }) => {
    expect(complaints(scenario)).toBe("");
  });

  test("the text of each names what it is about", longOnly, () => {
    for (const [alert, scenario] of firing) {
      const text = firingAlerts(alert, scenario);
      expect(text).toContain(`alertname="${alert}"`);
      expect(text).toMatch(/summary="[^{}]+"/);
      expect(text).not.toMatch(/no value|<error|%!|\{\{/);
    }
  });
});
