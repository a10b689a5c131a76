import { readFileSync } from "node:fs";

import { parse } from "yaml";

/** Relative to the repository's root, where the tests run. */
export const RULES_PATH = "docs/dashboards/alerts.yml";

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

export function rulesText(): string {
  return readFileSync(RULES_PATH, "utf8");
}

export function readAlerts(): AlertRule[] {
  const file: RuleFile = parse(rulesText());
  return file.groups.flatMap(({ rules }) => rules);
}

/**
 * The rules, so that a test need not wait: rates over `windowMs`, what lasts may last `windowMs`, a lag counts from `lagSeconds` on.
 * What looks at more than one window looks at the last one only.
 */
export function shortenedRules(windowMs: number, lagSeconds: number): string {
  const rules = readAlerts().map((rule) => ({
    ...rule,
    expr: shortened(rule.expr, windowMs).replaceAll(
      /(lag_seconds\)?) > \d+/g,
      `$1 > ${lagSeconds}`,
    ),
    ...(rule.for === undefined ? {} : { for: `${windowMs}ms` }),
  }));
  return JSON.stringify({ groups: [{ name: "dockspool", rules }] });
}

/** An expression that looks back a window, and no further. */
export function shortened(expression: string, windowMs: number): string {
  return expression
    .replaceAll(/\[[^\]]+\]/g, `[${windowMs}ms]`)
    .replaceAll(/offset \w+/g, `offset ${windowMs}ms`);
}
