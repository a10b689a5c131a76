import { charts } from "./charts.js";
import { Connection } from "./connection.js";
import { Containers } from "./containers.js";
import { byId, setText } from "./dom.js";
import { Head } from "./head.js";
import { Health } from "./health.js";
import { Lines } from "./lines.js";

/** @typedef {import("../messages.ts").Sample} Sample */

const TICK_MS = 1_000;

const head = new Head();
const health = new Health();
const lines = new Lines();
const containers = new Containers((id) => lines.choose(id));
/** @type {Sample[]} */
let samples = [];
let historyMs = 1;

byId("charts", HTMLElement).append(...charts.map(({ element }) => element));

function draw() {
  if (document.hidden) return;
  for (const chart of charts) chart.draw(samples, historyMs);
}

const connection = new Connection(
  {
    hello(hello) {
      setText(byId("label", HTMLElement), hello.label);
      historyMs = hello.historyMs;
      samples = [...hello.samples];
      lines.clear();
      draw();
    },
    sample(sample) {
      samples = [...samples.filter(({ at }) => at > sample.at - historyMs), sample];
      draw();
    },
    overview(overview) {
      head.show(overview);
      const sample = samples.at(-1);
      if (sample !== undefined) head.showFigures(sample, overview);
      health.show(overview.components, head.now);
      containers.show(overview.containers, overview.containerCount, head.now);
    },
    lines: (message) => lines.add(message),
  },
  (state) => head.connected(state),
);
connection.open();
setInterval(() => head.tick(), TICK_MS);
document.addEventListener("visibilitychange", draw);
