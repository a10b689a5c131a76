import { stat } from "../panels.ts";
import { KNOWN, READ, ofContainer, ofEngine, ofPool, rate, unexplainedGrowth } from "../queries.ts";
import type { Row } from "../row.ts";

/** Some container of an engine is behind, and no line of that engine comes. As in alert DockspoolCaptureStopped. */
const STANDS_STILL = `max(
  (max without (container_name, container_id) (${ofContainer("container_log_lag_seconds")}) > bool 60)
  * (sum without (stream) (rate(${ofEngine("log_lines_total")}[3m])) == bool 0)
)`;

export const glance: Row = {
  title: "At a glance",
  width: 3,
  height: 4,
  panels: [
    stat({
      title: "Capture",
      good: 'Good is "flows": lines come, or nothing is written; it "STANDS STILL" where no line comes though a container is behind.',
      queries: [{ expr: STANDS_STILL, legend: "" }],
      unit: "none",
      values: { "0": ["flows", "green"], "1": ["STANDS STILL", "red"] },
      steps: [
        [0, "green"],
        [1, "red"],
      ],
      nothing: "no pool",
    }),
    stat({
      title: "Lines in",
      good: "Good is what your containers write on a usual day: a line at zero on a busy host is not.",
      queries: [{ expr: `sum(${rate(ofEngine("log_lines_total"))})`, legend: "" }],
      unit: "cps",
      nothing: "no pool",
      sparkline: true,
    }),
    stat({
      title: "Furthest behind",
      good: "Good is under a few seconds: every log is read and delivered as it is written.",
      queries: [{ expr: `max(${ofContainer("container_log_lag_seconds")})`, legend: "" }],
      unit: "s",
      steps: [
        [0, "green"],
        [30, "yellow"],
        [60, "red"],
      ],
      nothing: "no container",
    }),
    stat({
      title: "Health",
      good: 'Good is "healthy": no component of any pool has something to tell.',
      queries: [{ expr: `min(${ofPool("component_health")})`, legend: "" }],
      unit: "none",
      values: {
        "1": ["healthy", "green"],
        "0.5": ["degraded", "yellow"],
        "0": ["unhealthy", "red"],
      },
      steps: [
        [0, "red"],
        [0.5, "yellow"],
        [1, "green"],
      ],
      nothing: "no pool",
    }),
    stat({
      title: "Ready",
      good: 'Good is "ready": all that was found at the start was open, stopped or in its turn, in every pool.',
      queries: [{ expr: `min(${ofPool("ready")})`, legend: "" }],
      unit: "none",
      values: { "1": ["ready", "green"], "0": ["not ready", "red"] },
      steps: [
        [0, "red"],
        [1, "green"],
      ],
      nothing: "no pool",
    }),
    stat({
      title: "Oldest stream",
      good: "Good is under two rotation intervals (12 min by default): every stream is reopened in time.",
      queries: [{ expr: `max(${ofContainer("container_stream_age_seconds")})`, legend: "" }],
      unit: "s",
      steps: [
        [0, "green"],
        [600, "yellow"],
        [720, "red"],
      ],
      nothing: "no stream",
    }),
    stat({
      title: "Gaps",
      good: "Good is 0: within the time shown no line was lost before it could be read.",
      queries: [{ expr: `sum(increase(${ofEngine("log_gaps_total")}[$__range]))`, legend: "" }],
      unit: "none",
      decimals: 0,
      steps: [
        [0, "green"],
        [0.1, "red"],
      ],
      nothing: "no container",
    }),
    stat({
      title: "Leak in an hour",
      good: "Good is 0: tasks and descriptors that more containers do not explain; it needs an hour of data.",
      queries: [
        { expr: unexplainedGrowth(ofPool("tasks"), READ, KNOWN), legend: "tasks" },
        { expr: unexplainedGrowth(ofPool("file_descriptors_open"), READ), legend: "descriptors" },
      ],
      unit: "none",
      decimals: 0,
      steps: [
        [0, "green"],
        [10, "yellow"],
        [50, "red"],
      ],
      nothing: "young",
    }),
  ],
};
