/** One host's part of docs/scale.md: what the sink for NATS and a NATS server need for lines of 90 bytes. `tsx bench/micro/nats.ts` */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { natsSink, tailNats } from "../../src/nats.ts";
import { LineRecord } from "../../src/wire/records.ts";
import type { LogRecord } from "../../src/wire/records.ts";

const LINES = 100_000;
const BATCH = 1_000;
const PORT = 14_222;
const TICKS_PER_SECOND = 100;

const container = {
  id: "a".repeat(64),
  name: "web",
  image: "registry:5000/team/app:1.2",
  labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
  tty: false,
  logDriver: "json-file",
  engine: "host-1",
};

function batch(first: number): LogRecord[] {
  return Array.from({ length: BATCH }, (_, n) => {
    const time = new Date(Date.UTC(2026, 10, 28) + first + n).toISOString();
    const line = `${first + n} `.padEnd(90, "x");
    return new LineRecord(container, "stdout", time, line, false, undefined, 0);
  });
}

/** CPU seconds, and resident megabytes, of a process. */
function usageOf(pid: number): { readonly cpu: number; readonly rss: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const cpu = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  return { cpu, rss: (Number(fields[21]) * 4_096) / 1024 ** 2 };
}

async function connected(): Promise<NatsConnection> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect({ servers: `127.0.0.1:${PORT}` });
    } catch (error) {
      if (attempt === 50) throw error;
      await delay(100);
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), "dockspool-bench-"));
const server = spawn("nats-server", ["-a", "127.0.0.1", "-p", String(PORT), "-js", "-sd", folder], {
  stdio: "ignore",
});
try {
  const connection = await connected();
  const pid = server.pid ?? 0;
  const measured = async (name: string, work: () => Promise<void>): Promise<void> => {
    const [own, theirs, begun] = [process.cpuUsage(), usageOf(pid), performance.now()];
    await work();
    const seconds = (performance.now() - begun) / 1_000;
    const { user, system } = process.cpuUsage(own);
    const { cpu, rss } = usageOf(pid);
    console.log(
      [
        name.padEnd(28),
        `${Math.round(LINES / seconds)} lines/s`,
        `collector ${(((user + system) / 1e6 / LINES) * 1e6).toFixed(1)} s CPU`,
        `server ${(((cpu - theirs.cpu) / LINES) * 1e6).toFixed(1)} s CPU per million lines`,
        `server ${Math.round(rss)} MB, collector ${Math.round(process.memoryUsage().rss / 1024 ** 2)} MB`,
      ].join("; "),
    );
  };
  const context = { signal: new AbortController().signal, attempt: 1 };
  await measured("records made and written", async () => {
    for (let n = 0; n < LINES; n += BATCH) for (const one of batch(n)) JSON.stringify(one);
  });
  const sink = natsSink(connection, { stream: "LOGS", create: true });
  await measured("published", async () => {
    for (let n = 0; n < LINES; n += BATCH) await sink(batch(n), context);
  });
  await measured("published again, all repeats", async () => {
    for (let n = 0; n < LINES; n += BATCH) await sink(batch(n), context);
  });
  await measured("tailed", async () => {
    let count = 0;
    for await (const { sequence } of tailNats(connection, { stream: "LOGS", follow: false }))
      count = sequence;
    console.log(`${count} in the stream`);
  });
  await connection.close();
} finally {
  server.kill();
  await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
}
