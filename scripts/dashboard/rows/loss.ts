import { graph } from "../panels.ts";
import { ofContainer, ofEngine, ofPool } from "../queries.ts";
import type { Row } from "../row.ts";

/** So many within the step of the graph. */
function count(selector: string): string {
  return `increase(${selector}[$__rate_interval])`;
}

export const loss: Row = {
  title: "Loss",
  width: 8,
  height: 8,
  panels: [
    graph({
      title: "Gaps",
      good: "Good is nothing at all: each gap is lines that the engine no longer had when they were to be read, and a container that was removed too soon may have had some.",
      queries: [
        {
          expr: `sum by (container_name, engine) (${count(ofContainer("container_log_gaps_total"))}) > 0`,
          legend: "{{container_name}} ({{engine}})",
        },
        {
          expr: `sum by (engine) (${count(ofEngine("log_ends_cut_short_total"))}) > 0`,
          legend: "removed too soon ({{engine}})",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Stalls",
      good: "Good is nothing: each stall is a stream that was silent though the log grew; its lines came late.",
      queries: [
        {
          expr: `sum by (container_name, engine) (${count(ofContainer("container_stream_stalls_total"))}) > 0`,
          legend: "{{container_name}} ({{engine}})",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Reconnects",
      good: "Good is nothing but when an engine or a proxy was restarted.",
      queries: [
        {
          expr: `sum by (container_name, engine) (${count(ofContainer("container_stream_reconnects_total"))}) > 0`,
          legend: "{{container_name}} ({{engine}})",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Errors of streams",
      good: "Good is nothing: what is here was tried again, and says what to look at.",
      queries: [
        {
          expr: `sum by (engine, reason) (${count(ofEngine("container_stream_errors_total"))})`,
          legend: "{{reason}} ({{engine}})",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Batches given up",
      good: "Good is 0: a batch that goes to the dead letters or fails has not reached its sink.",
      queries: [
        {
          expr: `sum by (sink, outcome) (${count(ofPool("delivery_batches_total", 'outcome!="delivered"'))})`,
          legend: "{{sink}} {{outcome}}",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Writes of checkpoints",
      good: 'Good is "saved" alone: what has failed is tried again, and after a crash lines come again.',
      queries: [
        {
          expr: `sum by (outcome) (${count(ofPool("checkpoint_writes_total"))})`,
          legend: "{{outcome}}",
        },
      ],
      unit: "none",
    }),
  ],
};
