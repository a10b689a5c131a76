import { graph } from "../panels.ts";
import { ofPool } from "../queries.ts";
import type { Row } from "../row.ts";

export const resources: Row = {
  title: "Resources",
  width: 8,
  height: 8,
  panels: [
    graph({
      title: "Tasks",
      good: "Good is flat, or as streams go: a line that rises for hours while streams do not is a leak.",
      queries: [{ expr: `sum by (instance) (${ofPool("tasks")})`, legend: "{{instance}}" }],
      unit: "none",
    }),
    graph({
      title: "Streams",
      good: "Good is below the limit, and nobody waits: else containers take turns, and lines come later.",
      queries: [
        { expr: `sum(${ofPool("container_streams_active")})`, legend: "active" },
        { expr: `sum(${ofPool("container_streams_max")})`, legend: "limit" },
        { expr: `sum(${ofPool("container_streams_waiting")})`, legend: "containers that wait" },
      ],
      unit: "none",
    }),
    graph({
      title: "Sockets beyond streams",
      good: "Good is a few: one for each engine's events, and some for lists and looks.",
      queries: [
        {
          expr: `sum by (instance) (${ofPool("sockets_open")} - ${ofPool("container_streams_active")})`,
          legend: "{{instance}}",
        },
      ],
      unit: "none",
    }),
    graph({
      title: "Sockets",
      good: "Good is as many as streams, and a few more.",
      queries: [{ expr: `sum by (instance) (${ofPool("sockets_open")})`, legend: "{{instance}}" }],
      unit: "none",
    }),
    graph({
      title: "File descriptors of the process",
      good: "Good is flat, or as streams go: a line that rises for hours while streams do not is a leak.",
      queries: [
        { expr: `sum by (instance) (${ofPool("file_descriptors_open")})`, legend: "{{instance}}" },
      ],
      unit: "none",
    }),
    graph({
      title: "Memory of the process",
      good: "Good is flat after the first hour; it is here where the process has prom-client's default metrics.",
      queries: [
        {
          expr: `process_resident_memory_bytes{instance=~"$instance"} and on (job, instance) ${ofPool("ready")}`,
          legend: "{{instance}}",
        },
      ],
      unit: "bytes",
    }),
  ],
};
