import { graph } from "../panels.ts";
import { ofContainer, ofEngine, ofPool, quantile, rate } from "../queries.ts";
import type { Row } from "../row.ts";

export const flow: Row = {
  title: "Flow",
  width: 8,
  height: 8,
  panels: [
    graph({
      title: "Lines in and delivered",
      good: "Good is that lines are delivered as fast as they come in: the lines lie on each other.",
      queries: [
        { expr: `sum(${rate(ofEngine("log_lines_total"))})`, legend: "in" },
        { expr: `sum(${rate(ofEngine("log_lines_delivered_total"))})`, legend: "delivered" },
      ],
      unit: "cps",
    }),
    graph({
      title: "Behind",
      good: "Good is near 0 for every container: all that was written is delivered.",
      queries: [
        {
          expr: `topk(10, ${ofContainer("container_log_lag_seconds")})`,
          legend: "{{container_name}} ({{engine}})",
        },
      ],
      unit: "s",
      steps: [
        [0, "green"],
        [120, "red"],
      ],
    }),
    graph({
      title: "Buffer",
      good: "Good is far below the limit: the consumer takes lines as they come.",
      queries: [
        { expr: `sum by (instance) (${ofPool("buffer_bytes")})`, legend: "{{instance}}" },
        {
          expr: `sum by (instance) (${ofPool("buffer_limit_bytes")})`,
          legend: "limit of {{instance}}",
        },
      ],
      unit: "bytes",
    }),
    graph({
      title: "Lines by container and stream",
      good: "Good is what each container usually writes: the ten loudest are shown.",
      queries: [
        {
          expr: `topk(10, sum by (container_name, stream) (${rate(ofContainer("container_log_lines_total"))}))`,
          legend: "{{container_name}} {{stream}}",
        },
      ],
      unit: "cps",
    }),
    graph({
      title: "Text by engine, and by container",
      good: "Good is what your disk and network can take: the ten loudest containers are shown.",
      queries: [
        {
          expr: `sum by (engine) (${rate(ofEngine("log_bytes_total"))})`,
          legend: "all of {{engine}}",
        },
        {
          expr: `topk(10, sum by (container_name) (${rate(ofContainer("container_log_bytes_total"))}))`,
          legend: "{{container_name}}",
        },
      ],
      unit: "Bps",
    }),
    graph({
      title: "Batches",
      good: 'Good is "delivered" alone: no batch goes to the dead letters, none has failed.',
      queries: [
        {
          expr: `sum by (sink, outcome) (${rate(ofPool("delivery_batches_total"))})`,
          legend: "{{sink}} {{outcome}}",
        },
      ],
      unit: "cps",
    }),
    graph({
      title: "Duration of a delivery",
      good: "Good is well under the sink's timeout, and steady.",
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, ofPool("delivery_seconds_bucket"), "sink"),
        legend: `{{sink}} p${q * 100}`,
      })),
      unit: "s",
    }),
    graph({
      title: "Retries of deliveries",
      good: "Good is 0: each sink takes each batch at the first attempt.",
      queries: [
        {
          expr: `sum by (sink) (increase(${ofPool("delivery_retries_total")}[$__rate_interval]))`,
          legend: "{{sink}}",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Positions that wait to be saved",
      good: "Good is about a second or less: after a crash hardly a line comes again.",
      queries: [
        { expr: `max by (instance) (${ofPool("checkpoint_age_seconds")})`, legend: "{{instance}}" },
      ],
      unit: "s",
      steps: [
        [0, "green"],
        [60, "red"],
      ],
    }),
  ],
};
