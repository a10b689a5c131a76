// A pool's health beside an Express application's own pages:
//
//   npx tsx examples/health-express.ts 9100
//   curl http://localhost:9100/internal/healthz
import { once } from "node:events";
import express from "express";
import { observe } from "../src/http.ts"; // in your project: from "dockspool/http"
import { StreamPool } from "../src/index.ts"; // in your project: from "dockspool"

const [port = "9100", host = "127.0.0.1"] = process.argv.slice(2);
const pool = new StreamPool();
pool.deliver((records) => {
  for (const { container, line } of records) console.log(container.name, line);
});

const app = express();
// /internal/livez, /internal/readyz, /internal/healthz. Any other path goes on to what follows.
app.use("/internal", observe(pool));
app.get("/", (_request, response) => {
  response.send(`${pool.stats.containers} containers`);
});

const server = app.listen(Number(port), host);
await once(server, "listening");
console.error("listening:", server.address());

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
await pool.close();
server.close();
