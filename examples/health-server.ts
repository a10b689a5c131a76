// Prints the lines of all containers, and shows how that goes to Kubernetes, load balancers and Prometheus:
//
//   npx tsx examples/health-server.ts 9100
//   curl http://localhost:9100/healthz
//
// /livez, /readyz, /healthz and /metrics: docs/operating.md tells what each says. Ctrl-C ends it.
import { once } from "node:events";
import { createServer } from "node:http";
import { register } from "prom-client";
import { observe } from "../src/http.ts"; // in your project: from "dockspool/http"
import { StreamPool } from "../src/index.ts"; // in your project: from "dockspool"
import { registerPrometheus } from "../src/prometheus.ts"; // in your project: from "dockspool/prometheus"

const [port = "9100", host = "127.0.0.1"] = process.argv.slice(2);
const pool = new StreamPool();
const unregister = registerPrometheus(pool, { registry: register });

// It listens first: while the pool waits for its engine, /readyz says so.
const server = createServer(observe(pool, { metrics: register }));
server.listen(Number(port), host);
await once(server, "listening");
console.error("listening:", server.address());

const delivery = pool.deliver((records) => {
  for (const { container, line } of records) console.log(container.name, line);
});
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), delivery.done]);
await pool.close();
server.close();
unregister();
