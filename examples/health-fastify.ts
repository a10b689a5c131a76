// A pool's health beside a Fastify application's own pages:
//
//   npx tsx examples/health-fastify.ts 9100
//   curl http://localhost:9100/healthz
import { once } from "node:events";
import fastify from "fastify";
import { observe } from "../src/http.ts"; // in your project: from "dockspool/http"
import { StreamPool } from "../src/index.ts"; // in your project: from "dockspool"

const [port = "9100", host = "127.0.0.1"] = process.argv.slice(2);
const pool = new StreamPool();
pool.deliver((records) => {
  for (const { container, line } of records) console.log(container.name, line);
});

const app = fastify();
const handler = observe(pool);
for (const path of ["/livez", "/readyz", "/healthz"]) {
  app.get(path, (request, reply) => {
    reply.hijack(); // the handler answers
    handler(request.raw, reply.raw);
  });
}
app.get("/", () => ({ containers: pool.stats.containers }));

await app.listen({ port: Number(port), host });
console.error("listening:", app.server.address());

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
await pool.close();
await app.close();
