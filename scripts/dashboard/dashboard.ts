import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";

import { DATASOURCE } from "./panels.ts";
import type { Row } from "./row.ts";
import { flow } from "./rows/flow.ts";
import { glance } from "./rows/glance.ts";
import { health } from "./rows/health.ts";
import { loss } from "./rows/loss.ts";
import { resources } from "./rows/resources.ts";
import { rotation } from "./rows/rotation.ts";

/** Where the dashboard stands, from the repository's root. */
export const DASHBOARD_PATH = "docs/dashboards/dockspool.json";

const COLUMNS = 24;

export function dashboard(): Dashboard {
  const builder = new DashboardBuilder("dockspool")
    .uid("dockspool")
    .description(
      "Do logs flow, and does nothing leak? Written by `npm run dashboard` of dockspool.",
    )
    .tags(["dockspool", "logs", "docker"])
    .time({ from: "now-6h", to: "now" })
    .refresh("30s")
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .withVariable(
      new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"),
    )
    .withVariable(choice("instance", "Pool", "label_values(dockspool_ready, instance)"))
    .withVariable(
      choice(
        "engine",
        "Engine",
        'label_values(dockspool_containers{instance=~"$instance"}, engine)',
      ),
    )
    .withVariable(
      choice(
        "container",
        "Container",
        'label_values(dockspool_container_log_lag_seconds{instance=~"$instance", engine=~"$engine"}, container_name)',
      ),
    );
  let y = 0;
  for (const row of [glance, flow, rotation, resources, loss, health]) y = addRow(builder, row, y);
  const built = builder.build();
  for (const [index, panel] of (built.panels ?? []).entries()) panel.id = index + 1;
  return built;
}

/** Returns where the next one begins. */
function addRow(builder: DashboardBuilder, row: Row, y: number): number {
  builder.withRow(new RowBuilder(row.title).gridPos({ x: 0, y, w: COLUMNS, h: 1 }));
  const perLine = COLUMNS / row.width;
  for (const [index, panel] of row.panels.entries()) {
    const built = panel.build();
    built.gridPos = {
      x: (index % perLine) * row.width,
      y: y + 1 + Math.floor(index / perLine) * row.height,
      w: row.width,
      h: row.height,
    };
    builder.withPanel({ build: () => built });
  }
  return y + 1 + Math.ceil(row.panels.length / perLine) * row.height;
}

function choice(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: "All", value: "$__all" });
}
