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

/** So that a test need not wait. */
export interface Short {
  /** What rules look back, and how long what is wrong must last. */
  readonly windowMs: number;
  /** What is late counts from here on. */
  readonly lateSeconds: number;
}

export function shortenedRules(short: Short): string {
  const rules = readAlerts().map((rule) => ({
    ...rule,
    expr: shortened(rule.expr, short),
    ...(rule.for === undefined ? {} : { for: `${short.windowMs}ms` }),
  }));
  return JSON.stringify({ groups: [{ name: "dockspool", rules }] });
}

const LATE = /((?:lag|checkpoint_age)_seconds(?:\{[^}]*\})?\)?) > (bool )?\d+/g;

/** An expression of a rule or a panel that looks back a window, and no further. */
export function shortened(expression: string, { windowMs, lateSeconds }: Short): string {
  return expression
    .replaceAll(/\[[^\]:]+(:?)\]/g, `[${windowMs}ms$1]`)
    .replaceAll(/offset \w+/g, `offset ${windowMs}ms`)
    .replaceAll(LATE, `$1 > $2${lateSeconds}`);
}
