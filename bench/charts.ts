import { init } from "echarts";
import type { EChartsCoreOption } from "echarts";
import type { BarChart, Chart, LineChart } from "./report.ts";

const WIDTH = 760;
const OURS = "#2f7d5b";
const OTHERS = "#9aa5b1";
const FONT = "sans-serif";

/** As SVG on a white ground. */
export function renderChart(chart: Chart): string {
  const height = chart.kind === "bars" ? 110 + 34 * chart.bars.length : 360;
  const canvas = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    canvas.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      textStyle: { fontFamily: FONT },
      title: { text: chart.title, left: "center", textStyle: { fontSize: 15 } },
      ...(chart.kind === "bars" ? bars(chart) : lines(chart)),
    });
    return `${canvas.renderToSVGString()}\n`;
  } finally {
    canvas.dispose();
  }
}

function bars({ unit, bars: all, ours }: BarChart): EChartsCoreOption {
  return {
    grid: { left: 16, right: 60, top: 44, bottom: 40, containLabel: true },
    xAxis: { type: "value", min: 0, name: unit, nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "category", inverse: true, data: all.map(({ label }) => label) },
    series: [
      {
        type: "bar",
        barWidth: 18,
        label: { show: true, position: "right" },
        data: all.map(({ label, value }) => ({
          value: Number(value.toPrecision(3)),
          itemStyle: { color: ours(label) ? OURS : OTHERS },
        })),
      },
    ],
  };
}

function lines({ unit, x, series, logarithmic = false }: LineChart): EChartsCoreOption {
  return {
    grid: { left: 24, right: 30, top: 70, bottom: 40, containLabel: true },
    legend: { top: 30 },
    xAxis: {
      ...(logarithmic ? axis(true) : { type: "value" }),
      name: x,
      nameLocation: "middle",
      nameGap: 28,
    },
    yAxis: { ...axis(logarithmic), name: unit },
    series: series.map(({ label, width = 2, points }) => ({
      type: "line",
      name: label,
      showSymbol: logarithmic,
      lineStyle: { width },
      data: points,
    })),
  };
}

function axis(isLogarithmic: boolean): EChartsCoreOption {
  return isLogarithmic ? { type: "log", logBase: 10 } : { type: "value", min: 0 };
}
