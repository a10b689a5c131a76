import { readFileSync } from "node:fs";
import type { Meter } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import { PHASES } from "../../src/metrics/figures.ts";
import { DELIVERY_SECONDS, ROTATION_SECONDS } from "../../src/metrics/histograms.ts";
import { SERIES } from "../../src/metrics/series.ts";
import { registerOpenTelemetry } from "../../src/opentelemetry.ts";

const text = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");

/** The cells of a section's last table. */
function tableOf(heading: string): string[][] {
  const section = text.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  // Behind its head.
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Names without a prefix, in the order in which instruments are made: that of the catalogue. */
function openTelemetryNames(): string[] {
  const names: string[] = [];
  const noting = new Proxy<Meter>(new MeterProvider().getMeter("docs"), {
    get(meter, property, receiver) {
      const value: unknown = Reflect.get(meter, property, receiver);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        if (String(property).startsWith("create")) names.push(String(given[0]));
        return Reflect.apply(value, meter, given) as unknown;
      };
    },
  });
  registerOpenTelemetry(new StreamPool(), { meter: noting, prefix: "" });
  return names;
}

const container = ["engine", "container_name", "container_id"];

function labelsCell(labels: readonly string[]): string {
  const isOfContainer = container.every((label) => labels.includes(label));
  const others = labels.filter((label) => !isOfContainer || !container.includes(label));
  const cells = others.map((label) => `\`${label}\``);
  return (isOfContainer ? ["_container_", ...cells] : cells).join(", ");
}

describe("docs/metrics.md", () => {
  it("has a row for each series: type, labels, names, unit and meaning are those of the code", () => {
    const names = openTelemetryNames();
    const histograms = [ROTATION_SECONDS, DELIVERY_SECONDS].map((series) => ({
      ...series,
      type: "histogram" as const,
    }));
    const expected = [...SERIES, ...histograms].map(({ name, type, labels, unit, help }, index) => [
      `\`${name}\``,
      type,
      labelsCell(labels),
      `\`${names[index] ?? ""}\``,
      `\`${unit}\``,
      help,
    ]);
    expect(tableOf("The series")).toEqual(expected);
  });

  it("lists the options of both, and every phase", () => {
    const options = (heading: string): (string | undefined)[] =>
      tableOf(heading).map(([name]) => name);
    expect(options("Prometheus")).toEqual(["`registry`", "`prefix`", "`containers`"]);
    expect(options("OpenTelemetry")).toEqual(["`meter`", "`prefix`", "`containers`"]);
    const phases = /^- `phase`: (.*?)\./ms.exec(text)?.[1] ?? "";
    expect(phases.match(/[a-z_]+/g)).toEqual([...PHASES]);
  });

  it("counts the samples of a container as they are", () => {
    const own = SERIES.filter(({ labels }) => labels.includes("container_name"));
    const samples = own.reduce((sum, { labels }) => sum + (labels.includes("stream") ? 2 : 1), 0);
    expect(text).toContain(`has ${samples} samples of its own, of ${own.length} series`);
  });
});
