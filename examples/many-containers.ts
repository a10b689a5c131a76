// Follows every container of a Docker Compose project, merged by time, and says what comes and goes:
//
//   npx tsx examples/many-containers.ts my-project
//
// Ctrl-C ends it. Without a project it follows those of all projects.
import { StreamPool } from "../src/index.ts"; // in your project: from "dockspool"

const [project = "*"] = process.argv.slice(2);
const pool = new StreamPool({
  select: { compose: { project } },
  from: { tail: 5 },
  order: { byTimestamp: true, latenessMs: 300 },
});
pool.on("status", (status) => {
  if (status.type === "engine") console.error(`engine ${status.engine}: ${status.state}`);
  if (status.type === "attached") console.error(`+ ${status.container.name}`);
  if (status.type === "detached")
    console.error(`- ${status.container.name}: ${status.reason.kind}`);
  if (status.type === "skipped")
    console.error(`! ${status.container.name}: ${status.error.message}`);
});

// The loop ends behind the lines that were read by then. A second signal kills, as usual.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    pool.close().catch((error: unknown) => console.error(error));
  });
}

for await (const { container, timestamp, stream, line } of pool) {
  const service = container.labels["com.docker.compose.service"] ?? container.name;
  console.log(timestamp, service, stream, line);
}
