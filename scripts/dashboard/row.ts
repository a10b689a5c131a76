import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";

export interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
  /** Of 24 columns, each panel. */
  readonly width: number;
  readonly height: number;
}
