import { setTimeout } from "node:timers/promises";
import { FakeEngine } from "../testing.ts";
import type { FakeContainer } from "../testing.ts";

const requests = [
  "GET /",
  "GET /cart",
  "POST /orders",
  "GET /orders/17",
  "DELETE /cart/3",
  "GET /health",
];
const troubles = [
  "upstream timed out, trying the next one",
  "slow query: 812 ms",
  "token of user 42 has expired",
];
const services = ["gateway", "orders", "cart", "payments"];

const JOB_EVERY_MS = 15_000;
/** How long a job takes. */
const JOB_MS = 2_000;
/** How long an ended job is kept, so that its log can be read to the end. */
const KEPT_MS = 4_000;

export interface Demo extends AsyncDisposable {
  readonly engine: FakeEngine["engine"];
}

/** An engine in this process, with containers that write a few lines a second, and a job that comes and goes. */
export async function startDemo(): Promise<Demo> {
  const fake = await FakeEngine.start();
  const containers = services.map((service) =>
    fake.create({
      name: `demo-${service}`,
      image: `example/${service}:1.4`,
      labels: { "com.docker.compose.project": "demo", "com.docker.compose.service": service },
    }),
  );
  for (const container of containers) writeSome(container);
  const timers = containers.map((container, index) =>
    setInterval(() => writeSome(container), 150 + 170 * index),
  );
  const ending = new AbortController();
  const jobs = runJobs(fake, ending.signal);
  return {
    engine: fake.engine,
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer);
      ending.abort();
      await jobs;
      await fake.close();
    },
  };
}

/** One after the other, as a scheduler starts them; each is removed a while after it has ended. */
async function runJobs(fake: FakeEngine, signal: AbortSignal): Promise<void> {
  try {
    for (let number = 1; ; number++) {
      await setTimeout(JOB_EVERY_MS - JOB_MS - KEPT_MS, undefined, { signal });
      const job = fake.create({ name: `demo-job-${number}`, image: "example/job:2" });
      job.write("cleaning up old carts");
      await setTimeout(JOB_MS, undefined, { signal });
      job.write(`${Math.ceil(Math.random() * 90)} removed`);
      job.stop();
      await setTimeout(KEPT_MS, undefined, { signal });
      job.remove();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function writeSome(container: FakeContainer): void {
  for (let count = Math.floor(Math.random() * 4); count > 0; count--) {
    const ms = Math.ceil(Math.random() * 40);
    container.write(`${pick(requests)} 200 ${ms} ms`);
  }
  if (Math.random() < 0.08) container.write(`warning: ${pick(troubles)}`, { stream: "stderr" });
}

function pick(choices: readonly string[]): string {
  return choices[Math.floor(Math.random() * choices.length)] ?? "";
}
