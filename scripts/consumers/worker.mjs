// A pool in a worker: closed by the worker, and ended with it. Prints how many connections the engine still has, as JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { StreamPool } from "dockspool";
import { FakeEngine } from "dockspool/testing";

if (isMainThread) {
  const fake = await FakeEngine.start();
  fake.create({ name: "web" }).write("hello");
  const heard = [];
  for (const closes of [true, false]) {
    const given = { socketPath: fake.engine.socketPath, closes };
    const worker = new Worker(new URL(import.meta.url), { workerData: given });
    heard.push(await new Promise((resolve) => worker.once("message", resolve)));
    if (closes) await new Promise((resolve) => worker.once("exit", resolve));
    else await worker.terminate();
    for (let look = 0; look < 200 && fake.open.sockets > 0; look++) await sleep(10);
  }
  console.log(JSON.stringify({ heard, open: fake.open.sockets }));
  await fake.close();
} else {
  const { socketPath, closes } = workerData;
  const pool = new StreamPool({ engine: { socketPath }, from: "start" });
  for await (const { line } of pool) {
    const port = parentPort;
    port.postMessage(line);
    if (closes) break;
  }
}
