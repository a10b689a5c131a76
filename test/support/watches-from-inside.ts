import { StreamPool } from "../../src/index.ts";

/** Run in a container: says which containers with a label a pool attaches, one a line. Ends when it is killed. */
const [socketPath = "", label = "", excludeSelf = ""] = process.argv.slice(2);

async function main(): Promise<void> {
  const pool = new StreamPool({
    engine: { socketPath },
    select: { labels: { [label]: true } },
    from: "start",
    excludeSelf: excludeSelf === "true",
  });
  pool.on("status", (status) => {
    if (status.type === "attached") process.stdout.write(`attached ${status.container.name}\n`);
  });
  for await (const { container, line } of pool)
    if (line.startsWith("hello")) process.stdout.write(`read ${container.name}: ${line}\n`);
}

void main();
