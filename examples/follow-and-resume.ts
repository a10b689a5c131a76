// Follows one container and, when started again, goes on right behind the last line that was printed:
//
//   npx tsx examples/follow-and-resume.ts web
//
// Ctrl-C ends it; the place is kept in web.position.json, or in the file that is given behind the name.
import { ContainerLogSource, DockspoolError, FileCheckpointStore } from "../src/index.ts"; // in your project: from "dockspool"

const [container = "web", positions = `${container}.position.json`] = process.argv.slice(2);

const source = new ContainerLogSource(container, {
  from: { tail: 10 }, // the first time; later the saved place wins
  checkpoints: new FileCheckpointStore(positions),
  rotateEveryMs: 300_000,
});
source.on("status", (status) => {
  if (status.type === "gap")
    console.error(`The engine no longer has what came after ${status.after}.`);
  if (status.type === "reconnecting") console.error(`Reconnecting in ${status.delayMs} ms.`);
  if (status.type === "checkpoint-failed") console.error(status.error.message);
});

// The loop ends behind the lines that were read by then. A second signal kills, as usual.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    source.close().catch((error: unknown) => console.error(error));
  });
}

try {
  // A line counts as delivered when the loop asks for the next one.
  for await (const { timestamp, stream, line } of source) console.log(timestamp, stream, line);
} catch (error) {
  if (!DockspoolError.is(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
