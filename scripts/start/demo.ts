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

export interface Demo extends AsyncDisposable {
  readonly engine: FakeEngine["engine"];
  readonly container: string;
}

/** An engine in this process, with one container that writes a few lines a second. */
export async function startDemo(): Promise<Demo> {
  const fake = await FakeEngine.start();
  const container = fake.create({ name: "demo-shop", image: "example/shop:1.4" });
  const timer = setInterval(() => writeSome(container), 150);
  return {
    engine: fake.engine,
    container: "demo-shop",
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await fake.close();
    },
  };
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
