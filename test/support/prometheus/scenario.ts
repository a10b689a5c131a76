import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { promtool } from "./promtool.ts";
import type { PromtoolResult } from "./promtool.ts";
import { RULES_PATH } from "./rules.ts";
import { TARGET, usualSeries } from "./usual-series.ts";
import type { Samples, Series } from "./usual-series.ts";

/** What becomes of series, from the fault on. */
export interface Change {
  /** Without the prefix; "up"; or "*" for all. */
  readonly name: string;
  /** Of those with these labels only. */
  readonly where?: Readonly<Record<string, string>>;
  /** `minute`: since the fault. `usual`: what it was when the fault came. Undefined: it is gone. */
  readonly becomes: (minute: number, usual: number) => number | undefined;
}

export interface Scenario {
  /** The minute of the fault, where rules look back further than usual. */
  readonly after?: number;
  readonly fault: readonly Change[];
  /** Series that are there from the fault on; the name without the prefix. */
  readonly appear?: readonly Series[];
  /** Those that are there until then. */
  readonly leave?: readonly Series[];
  /** Which alerts fire, so many minutes after the fault. */
  readonly fires: Readonly<Record<number, readonly string[]>>;
}

/** All goes as it should until then. Longer than what most rules look back. */
const FAULT_MINUTE = 20;

/** What promtool has to complain of; empty where each alert fires when it should, and no other one does. */
export function complaints(scenario: Scenario): string {
  const { after = FAULT_MINUTE } = scenario;
  const moments = Object.entries(scenario.fires).map(([minute, alerts]) => ({
    minute: after + Number(minute),
    alerts,
  }));
  const { code, output } = testRules(scenario, {
    promql_expr_test: [{ minute: after - 1, alerts: [] }, ...moments].map(({ minute, alerts }) => ({
      expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
      eval_time: `${minute}m`,
      exp_samples: alerts.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
    })),
  });
  return code === 0 ? "" : output;
}

/** Labels and texts of an alert, when it fires in a scenario. */
export function firingAlerts(alertname: string, scenario: Scenario): string {
  const fires = Object.entries(scenario.fires).find(([, alerts]) => alerts.includes(alertname));
  const eval_time = `${(scenario.after ?? FAULT_MINUTE) + Number(fires?.[0])}m`;
  // That none is expected makes promtool tell what there is.
  return testRules(scenario, { alert_rule_test: [{ eval_time, alertname, exp_alerts: [] }] })
    .output;
}

function testRules(
  { after = FAULT_MINUTE, fault, appear = [], leave = [], fires }: Scenario,
  expected: object,
): PromtoolResult {
  const directory = mkdtempSync(join(tmpdir(), "dp-rules-"));
  try {
    const last = after + Math.max(...Object.keys(fires).map(Number));
    const series = [
      ...usualSeries().map((one) => ({ ...one, samples: changed(one, fault, after) })),
      ...appear.map((one) => present(one, (minute) => minute >= after)),
      ...leave.map((one) => present(one, (minute) => minute < after)),
    ];
    const test = {
      interval: "1m",
      input_series: series.map((one) => ({
        series: identifier(one),
        values: values(one.samples, last),
      })),
      ...expected,
    };
    const rule_files = [resolve(RULES_PATH)];
    const path = join(directory, "scenario.json");
    writeFileSync(path, JSON.stringify({ rule_files, evaluation_interval: "1m", tests: [test] }));
    return promtool(["test", "rules", path]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function identifier({ name, labels }: Series): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(",")}}`;
}

function present({ name, labels, samples }: Series, isThere: (minute: number) => boolean): Series {
  return {
    name: `dockspool_${name}`,
    labels: { ...TARGET, ...labels },
    samples: (minute) => (isThere(minute) ? samples(minute) : undefined),
  };
}

function changed(
  { name, labels, samples }: Series,
  fault: readonly Change[],
  after: number,
): Samples {
  const change = fault.find(
    (one) =>
      (one.name === "*" || name === one.name || name === `dockspool_${one.name}`) &&
      Object.entries(one.where ?? {}).every(([label, value]) => labels[label] === value),
  );
  if (change === undefined) return samples;
  return (minute) =>
    minute < after ? samples(minute) : change.becomes(minute - after, samples(after) ?? 0);
}

/** As promtool reads them: a series that is gone is marked so. */
function values(samples: Samples, last: number): string {
  const written: string[] = [];
  let wasThere = false;
  for (let minute = 0; minute <= last; minute++) {
    const value = samples(minute);
    written.push(value === undefined ? (wasThere ? "stale" : "_") : String(value));
    wasThere = value !== undefined;
  }
  return written.join(" ");
}
