import { readFileSync } from "node:fs";

import { DASHBOARD_PATH } from "../../../scripts/dashboard/dashboard.ts";

interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

export interface DashboardFile {
  readonly panels: readonly DashboardPanel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: string | { readonly query: string };
    }[];
  };
}

export function readDashboard(): DashboardFile {
  return JSON.parse(readFileSync(DASHBOARD_PATH, "utf8"));
}

/** Every expression, with its panel's title. */
export function panelExpressions(): { readonly panel: string; readonly expr: string }[] {
  return readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ panel: title, expr })),
  );
}
