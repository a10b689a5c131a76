// A Fastify service that shows a container's lines in a browser as they come, by server-sent events:
//
//   npx tsx examples/live-fastify.ts 8080
//   curl -N http://localhost:8080/logs/web
//
// An event's id is the position behind its line. A browser that reconnects sends it back, and goes on right there: nothing is lost or
// duplicated. Each reader has a source of its own; protect the service as you would the logs.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import fastify from "fastify";
import { ContainerLogSource, DockspoolError } from "../src/index.ts"; // in your project: from "dockspool"
import type { Cursor } from "../src/index.ts";

const [port = "8080", host = "127.0.0.1"] = process.argv.slice(2);
const stopping = new AbortController();
const page = `<!doctype html><meta charset="utf-8"><title>Logs</title><pre></pre><script>
  const lines = new EventSource("/logs/" + encodeURIComponent(location.hash.slice(1)));
  lines.onmessage = ({ data }) => document.querySelector("pre").append(JSON.parse(data).line + "\\n");
</script>`;

function isCursor(value: unknown): value is Cursor {
  return typeof value === "object" && value !== null && "container" in value;
}

/** The position in a `Last-Event-ID`. A browser may send anything: the source looks at it, and refuses what is none. */
function positionOf(id: unknown): { resume?: Cursor } {
  if (typeof id !== "string" || id === "") return {};
  const value: unknown = JSON.parse(Buffer.from(id, "base64url").toString());
  return isCursor(value) ? { resume: value } : {};
}

/** Writes lines as the browser takes them: a slow one is waited for, and nothing piles up. */
async function stream(source: ContainerLogSource, response: ServerResponse): Promise<void> {
  for await (const record of source) {
    source.acknowledge();
    const id = Buffer.from(JSON.stringify(source.cursor)).toString("base64url");
    const { timestamp, stream: from, line } = record;
    const event = `id: ${id}\ndata: ${JSON.stringify({ timestamp, stream: from, line })}\n\n`;
    if (!response.write(event)) await once(response, "drain", { signal: stopping.signal });
  }
}

const app = fastify({ forceCloseConnections: true }); // readers don't keep it from closing
app.get("/", (_, reply) => reply.type("text/html").send(page));
app.get<{ Params: { container: string } }>("/logs/:container", async (request, reply) => {
  const gone = new AbortController();
  reply.raw.on("close", () => gone.abort());
  const source = new ContainerLogSource(request.params.container, {
    from: { tail: 100 },
    ...positionOf(request.headers["last-event-id"]),
    signal: AbortSignal.any([gone.signal, stopping.signal]),
  });
  try {
    await source.ready({ timeoutMs: 5_000 });
  } catch (error) {
    await source.close();
    const isUnknown = DockspoolError.is(error, "CONTAINER_NOT_FOUND");
    return reply.code(isUnknown ? 404 : 503).send({ error: String(error) });
  }
  reply.hijack(); // the events are written here
  reply.raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  try {
    await stream(source, reply.raw);
  } catch {
    // The browser is gone, or the service stops.
  } finally {
    await source.close();
    reply.raw.end();
  }
  return reply;
});

await app.listen({ port: Number(port), host });
console.error("listening:", app.server.address());

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
stopping.abort();
await app.close();
