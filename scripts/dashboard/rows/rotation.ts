import { graph } from "../panels.ts";
import { ofContainer, ofEngine, quantile, rate } from "../queries.ts";
import type { Row } from "../row.ts";

export const rotation: Row = {
  title: "Rotation",
  width: 6,
  height: 8,
  panels: [
    graph({
      title: "Rotations completed, a minute",
      good: "Good is the number of streams divided by the interval: 50 streams and 5 minutes are 10 a minute.",
      queries: [
        {
          expr: `60 * sum by (engine) (${rate(ofEngine("container_stream_rotation_seconds_count"))})`,
          legend: "{{engine}}",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Duration of a rotation",
      good: "Good is some milliseconds: a stream is closed, and the next one is open.",
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, ofEngine("container_stream_rotation_seconds_bucket"), "engine"),
        legend: `{{engine}} p${q * 100}`,
      })),
      unit: "s",
    }),
    graph({
      title: "Overdue: age of the oldest streams",
      good: "Good is saw teeth under two rotation intervals (12 min by default): a line that goes on rising is a stream that is not rotated.",
      queries: [
        {
          expr: `topk(10, ${ofContainer("container_stream_age_seconds")})`,
          legend: "{{container_name}} ({{engine}})",
        },
      ],
      unit: "s",
      steps: [
        [0, "green"],
        [720, "red"],
      ],
    }),
    graph({
      title: "Least rotated in an hour",
      good: "Good is about 12 for each container that runs: 0 is a container that is new, stopped, takes turns, or is not rotated.",
      queries: [
        {
          expr: `bottomk(10, increase(${ofContainer("container_stream_rotations_total")}[1h]))`,
          legend: "{{container_name}} ({{engine}})",
        },
      ],
      unit: "none",
    }),
  ],
};
