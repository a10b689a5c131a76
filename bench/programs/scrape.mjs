// Follows quiet containers and scrapes the pool's metrics; then a registry that just holds as many figures.
import { setTimeout as pause } from "node:timers/promises";
import { StreamPool } from "dockspool";
import { registerPrometheus } from "dockspool/prometheus";
import { Gauge, Registry } from "prom-client";
import { options, report } from "./args.mjs";

const { engine, streams, scrapes, containers } = options;
const LOOK_MS = 250;
const names = Array.from({ length: streams }, (_, index) => {
  return `idle-${String(index).padStart(4, "0")}`;
});
const pool = new StreamPool({ engine, select: { names }, maxStreams: streams });
const reading = (async () => {
  for await (const record of pool) throw new Error(`${record.container.name} is not quiet.`);
})();
while (pool.stats.streamsOpen < streams) await Promise.race([pause(LOOK_MS), reading]);

const found = {};
for (const choice of containers) {
  const registry = new Registry();
  const unregister = registerPrometheus(pool, { registry, containers: choice });
  const plain = await holding(registry);
  const text = await registry.metrics();
  // Each is compiled before it counts.
  await plain.metrics();
  const cpu = { ours: [], plain: [] };
  for (let round = 0; round < scrapes; round++) {
    cpu.ours.push(await cpuMsOf(() => registry.metrics()));
    cpu.plain.push(await cpuMsOf(() => plain.metrics()));
  }
  unregister();
  found[String(choice)] = {
    ...cpu,
    bytes: Buffer.byteLength(text),
    samples: text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length,
  };
}
const health = [];
for (let round = 0; round < scrapes; round++) health.push(await cpuMsOf(() => pool.health()));
report({ found, health });
await pool.close();
await reading;

/** A registry with the same figures in gauges that nobody sets any more. */
async function holding(registry) {
  const held = new Registry();
  for (const { name, help, type, values } of await registry.getMetricsAsJSON()) {
    const all = type === "histogram" ? values.map(flat) : values;
    for (const [own, samples] of grouped(all, name)) {
      const labelNames = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))];
      const gauge = new Gauge({ name: own, help, labelNames, registers: [held] });
      for (const { labels, value } of samples) gauge.set(labels, value);
    }
  }
  return held;
}

function flat({ labels, ...rest }) {
  // As a gauge has it: the bound of a bucket is text.
  const texts = Object.entries(labels).map(([label, value]) => [label, String(value)]);
  return { ...rest, labels: Object.fromEntries(texts) };
}

function grouped(all, name) {
  const groups = new Map();
  for (const one of all) {
    const own = one.metricName ?? name;
    const group = groups.get(own) ?? [];
    groups.set(own, group);
    group.push(one);
  }
  return groups;
}

async function cpuMsOf(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
