// Follows a container and, when started again, goes on right behind the last line that was printed:
//
//   npx tsx examples/follow-and-resume.ts web
//
// Ctrl-C ends it; the place is kept in web.cursor.json.
import { readFile, writeFile } from "node:fs/promises";
import { ContainerLogSource } from "../src/index.ts"; // in your project: from "dockspool"
import type { Cursor } from "../src/index.ts";

const [container] = process.argv.slice(2);
if (container === undefined)
  throw new Error("Which container? npx tsx examples/follow-and-resume.ts NAME");
const file = `${container}.cursor.json`;

// What is no cursor of this container is refused with INVALID_OPTION.
function isObject(value: unknown): value is Cursor {
  return typeof value === "object" && value !== null;
}

async function savedCursor(): Promise<Cursor | undefined> {
  const text = await readFile(file, "utf8").catch(() => "null");
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : undefined;
}

const resume = await savedCursor();
const source = new ContainerLogSource(container, {
  from: { tail: 10 },
  ...(resume === undefined ? {} : { resume }),
  rotateEveryMs: 60_000,
});
source.on("status", (status) => {
  if (status.type === "gap")
    console.error(`The engine no longer has what came after ${status.after}.`);
  if (status.type === "reconnecting") console.error(`Reconnecting in ${status.delayMs} ms.`);
});
process.once("SIGINT", () => {
  source.close().catch((error: unknown) => console.error(error));
});

for await (const { timestamp, stream, line } of source) {
  console.log(timestamp, stream, line);
}
if (source.cursor !== undefined) await writeFile(file, JSON.stringify(source.cursor));
