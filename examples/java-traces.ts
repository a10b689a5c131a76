// Follows a Java service and keeps each stack trace together, as one record of several lines:
//
//   npx tsx examples/java-traces.ts shop
//
// Ctrl-C ends it.
import { ContainerLogSource, DockspoolError } from "../src/index.ts"; // in your project: from "dockspool"

const [container = "shop"] = process.argv.slice(2);

// A record begins with the logger's date, or where the JVM itself reports a thread's end. All else goes on with the one
// before: "\tat …", "Caused by: …", "\t... 12 more", messages of several lines. Where your logger prints another date,
// begin with that.
const start = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d|Exception in thread )/;

const source = new ContainerLogSource(container, {
  from: { tail: 100 },
  multiline: { start, maxLines: 1_000, maxWaitMs: 1_000 },
});
source.on("status", (status) => {
  if (status.type === "gap")
    console.error(`The engine no longer has what came after ${status.after}.`);
  if (status.type === "reconnecting") console.error(`Reconnecting in ${status.delayMs} ms.`);
});

// The loop ends behind the lines that were read by then. A second signal kills, as usual.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    source.close().catch((error: unknown) => console.error(error));
  });
}

try {
  for await (const { timestamp, stream, line } of source) {
    const { length } = line.split("\n");
    console.log(`${timestamp} ${stream}, ${length} ${length === 1 ? "line" : "lines"}`);
    console.log(line);
  }
} catch (error) {
  if (!DockspoolError.is(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
