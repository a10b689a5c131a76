import { Chart } from "./chart.js";
import { bytes, count, seconds } from "./format.js";

/** The page's charts, in their order. */
export const charts = [
  new Chart({
    title: "Flow",
    unit: "lines per second",
    base: "decimal",
    format: count,
    series: [
      { key: "read", label: "read", as: "area" },
      { key: "delivered", label: "delivered" },
    ],
  }),
  new Chart({
    title: "Lag",
    unit: "of the container furthest behind",
    base: "decimal",
    format: seconds,
    series: [{ key: "lag", label: "behind the engine's log" }],
  }),
  new Chart({
    title: "Streams",
    unit: "log streams",
    base: "decimal",
    format: count,
    series: [
      { key: "streamsOpen", label: "open" },
      { key: "streamsWaiting", label: "waiting" },
      { key: "streamsMax", label: "at most", as: "limit" },
    ],
  }),
  new Chart({
    title: "Rotations",
    unit: "in the last minute",
    base: "decimal",
    format: count,
    series: [
      { key: "rotations", label: "rotations" },
      { key: "reconnects", label: "reconnects" },
    ],
  }),
  new Chart({
    title: "Memory",
    unit: "of the process",
    base: "binary",
    format: bytes,
    series: [
      { key: "resident", label: "resident" },
      { key: "heap", label: "heap" },
    ],
  }),
  new Chart({
    title: "Buffer",
    unit: "read and not taken yet",
    base: "binary",
    format: bytes,
    series: [
      { key: "buffer", label: "waiting" },
      { key: "bufferLimit", label: "at most", as: "limit" },
    ],
  }),
];
