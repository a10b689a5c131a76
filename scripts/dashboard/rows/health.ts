import { graph, states } from "../panels.ts";
import { ofEngine, ofPool } from "../queries.ts";
import type { Row } from "../row.ts";

export const health: Row = {
  title: "Health and phases",
  width: 12,
  height: 8,
  panels: [
    states({
      title: "Components",
      good: "Good is green throughout; /healthz of the pool says in one sentence what is wrong where it is not.",
      queries: [
        {
          expr: `min by (instance, component) (${ofPool("component_health")})`,
          legend: "{{instance}} {{component}}",
        },
      ],
      values: {
        "1": ["healthy", "green"],
        "0.5": ["degraded", "yellow"],
        "0": ["unhealthy", "red"],
      },
    }),
    states({
      title: "Ready",
      good: "Good is green from soon after the start until the end.",
      queries: [{ expr: `min by (instance) (${ofPool("ready")})`, legend: "{{instance}}" }],
      values: { "1": ["ready", "green"], "0": ["not ready", "red"] },
    }),
    graph({
      title: "Phases",
      good: 'Good is "following" and "stopped", and "waiting" with more containers than streams; the others are passed through in a moment.',
      queries: [{ expr: `sum by (phase) (${ofEngine("container_phase")})`, legend: "{{phase}}" }],
      unit: "none",
      stacked: true,
    }),
    graph({
      title: "Containers, and what engines tell of them",
      good: "Good is that containers go with what your host runs, and that events come when containers start and end.",
      queries: [
        { expr: `sum by (engine) (${ofEngine("containers")})`, legend: "containers of {{engine}}" },
        {
          expr: `sum by (engine) (${ofEngine("container_reading", 'via="files"')}) > 0`,
          legend: "of them read from files ({{engine}})",
        },
        {
          expr: `sum by (engine, action) (increase(${ofEngine("container_events_total")}[$__rate_interval])) > 0`,
          legend: "{{action}} ({{engine}})",
        },
      ],
      unit: "none",
    }),
  ],
};
