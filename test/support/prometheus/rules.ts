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
