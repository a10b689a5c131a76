import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";

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
  const timers = containers.map((container, index) =>
    setInterval(() => writeSome(container), 150 + 170 * index),
  );
  timers.push(setInterval(() => runJob(fake), 4_000));
  return {
    engine: fake.engine,
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer);
      await fake.close();
    },
  };
}

function runJob(fake: FakeEngine): void {
  const job = fake.create({ name: `demo-job-${Date.now() % 100_000}`, image: "example/job:2" });
  job.write("cleaning up old carts");
  job.write(`${Math.ceil(Math.random() * 90)} removed`);
  setTimeout(() => job.remove(), 1_000);
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
