import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  StackingMode,
  TooltipDisplayMode,
  GraphThresholdsStyleConfigBuilder,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Panel, ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

export const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

interface Query {
  readonly expr: string;
  /** What a line is called: `{{label}}`. */
  readonly legend: string;
}

interface PanelText {
  readonly title: string;
  /** One sentence that says what good looks like. */
  readonly good: string;
}

/** From that value on, a colour. */
type Steps = readonly (readonly [from: number, color: "green" | "yellow" | "red"])[];

interface Values {
  readonly [value: string]: readonly [text: string, color: "green" | "yellow" | "red"];
}

export interface StatSpec extends PanelText {
  readonly queries: readonly Query[];
  readonly unit: string;
  readonly decimals?: number;
  readonly steps?: Steps;
  readonly values?: Values;
  /** Shown where there is nothing to show. */
  readonly nothing: string;
  readonly sparkline?: boolean;
}

/** One figure at the top of the dashboard. */
export function stat(spec: StatSpec): Builder<Panel> {
  const { title, good, queries, unit, steps, values, sparkline = false } = spec;
  const panel = new StatBuilder()
    .title(title)
    .description(good)
    .datasource(DATASOURCE)
    .targets(targets(queries, !sparkline))
    .unit(unit)
    .noValue(spec.nothing)
    .mappings(values === undefined ? [] : [mapping(values)])
    .thresholds(thresholds(steps ?? [[0, "green"]]))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .colorMode(BigValueColorMode.Background)
    .graphMode(sparkline ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .textMode(queries.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Auto);
  return spec.decimals === undefined ? panel : panel.decimals(spec.decimals);
}

export interface GraphSpec extends PanelText {
  readonly queries: readonly Query[];
  readonly unit: string;
  /** Drawn as lines across the graph. */
  readonly steps?: Steps;
  readonly stacked?: boolean;
}

/** What changes over time. */
export function graph({ title, good, queries, unit, steps, stacked }: GraphSpec): Builder<Panel> {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(good)
    .datasource(DATASOURCE)
    .targets(targets(queries, false))
    .unit(unit)
    .min(0)
    .lineWidth(1)
    .fillOpacity(stacked === true ? 40 : 8)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  if (stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (steps !== undefined)
    panel
      .thresholds(thresholds(steps))
      .thresholdsStyle(
        new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed),
      );
  return panel;
}

export interface StatesSpec extends PanelText {
  readonly queries: readonly Query[];
  readonly values: Values;
}

/** A bar for each series, coloured by its value. */
export function states({ title, good, queries, values }: StatesSpec): Builder<Panel> {
  return new StateTimelineBuilder()
    .title(title)
    .description(good)
    .datasource(DATASOURCE)
    .targets(targets(queries, false))
    .mappings([mapping(values)])
    .thresholds(
      thresholds([
        [0, "red"],
        [0.5, "yellow"],
        [1, "green"],
      ]),
    )
    .mergeValues(true)
    .fillOpacity(70)
    .lineWidth(0);
}

function targets(queries: readonly Query[], isInstant: boolean): Builder<Dataquery>[] {
  return queries.map(({ expr, legend }, index) => {
    const query = new DataqueryBuilder()
      .datasource(DATASOURCE)
      .expr(expr)
      .legendFormat(legend)
      .refId(String.fromCodePoint(65 + index));
    return isInstant ? query.instant() : query.range();
  });
}

function mapping(values: Values): ValueMapping {
  const options = Object.entries(values).map(([value, [text, color]], index) => [
    value,
    { text, color, index },
  ]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

function thresholds(steps: Steps): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(
    // The first one has no lower bound.
    steps.map(([value, color], index) => ({ value: index === 0 ? null : value, color })),
  );
}
