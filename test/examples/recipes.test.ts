import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { ExampleRun } from "../support/example-run.ts";
import { texts } from "../support/fake-follow.ts";
import { programPath } from "../support/program-path.ts";

/** Node's options by which a package is another module. */
function replacing(name: string, path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href);
  const hook = `export const resolve = (name, context, next) => name === ${JSON.stringify(name)} ? { url: ${url}, shortCircuit: true } : next(name, context);`;
  const register = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(hook)}");`;
  return `--import data:text/javascript,${encodeURIComponent(register)}`;
}

// There is no broker here: a module that keeps messages stands in for the client.
it("kafka sends each line once to a container's partition, again after a refusal, and goes on from there", async () => {
  await using fake = await FakeEngine.start();
  const folder = temporaryFolder();
  const web = fake.create({ name: "web" });
  for (let at = 0; at < 20; at++) web.write(`line ${at}`);
  const env = {
    NODE_OPTIONS: replacing("kafkajs", programPath("test/examples/fixtures/kafkajs.ts")),
  };
  const setup = { fake, folder, env, args: ["localhost:9092", "logs", folder] };
  const messages = () => {
    const path = join(folder, "topic.ndjson");
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    return lines.map((line) => JSON.parse(line));
  };
  await using first = new ExampleRun("kafka", setup);
  await first.until(() => messages().length === 20, "messages");
  expect(await first.stop()).toBe(0);
  expect(first.stderr).toContain("LEADER_NOT_AVAILABLE");
  for (let at = 20; at < 30; at++) web.write(`line ${at}`);
  await using second = new ExampleRun("kafka", setup);
  await second.until(() => messages().length === 30, "messages of the second run");
  expect(await second.stop()).toBe(0);
  expect(messages().map(({ value }): string => JSON.parse(value).line)).toEqual(texts(web.written));
  const ids = new Set(messages().map(({ headers }): string => headers.id));
  expect(ids.size).toBe(30);
  expect(messages()[0]).toMatchObject({ topic: "logs", key: web.id });
});

/** The events of a stream until there are so many. */
async function events(url: string, count: number, last?: string) {
  const own = new AbortController();
  const headers: Record<string, string> = last === undefined ? {} : { "last-event-id": last };
  const response = await fetch(url, { headers, signal: own.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const found: { readonly id: string; readonly line: string }[] = [];
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id = "", data = ""] = /^id: (.*)\ndata: (.*)$/.exec(block) ?? [];
      found.push({ id, line: JSON.parse(data).line });
    }
    if (found.length >= count) break;
  }
  own.abort();
  return found.slice(0, count);
}

it("live-fastify shows lines as they come, and a browser that reconnects goes on right there", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.start();
  for (let at = 0; at < 30; at++) web.write(`line ${at}`);
  await using run = new ExampleRun("live-fastify", {
    fake,
    folder: temporaryFolder(),
    args: ["0"],
  });
  const port = (): string => /port: (\d+)/.exec(run.stderr)?.[1] ?? "";
  await run.until(() => port() !== "", "its address");
  const url = `http://127.0.0.1:${port()}`;
  expect(await (await fetch(url)).text()).toContain("EventSource");
  const first = await events(`${url}/logs/web`, 12);
  for (let at = 30; at < 40; at++) web.write(`line ${at}`);
  const second = await events(`${url}/logs/web`, 28, first.at(-1)?.id);
  expect([...first, ...second].map(({ line }) => line)).toEqual(texts(web.written));
  expect((await fetch(`${url}/logs/nothing`)).status).toBe(404);
  expect(await run.stop()).toBe(0);
  expect(fake.open.follows).toBe(0);
});

it("pino logs what lines say, with the container's name, and without secrets", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.start();
  await using run = new ExampleRun("pino", { fake, folder: temporaryFolder() });
  await run.until(() => run.stdout.includes("follows"), "the container");
  web.write('{"level":"warn","msg":"slow","password":"s3cret","ms":12}');
  web.write("broken", { stream: "stderr" });
  await run.until(() => run.stdout.includes("broken"), "the lines");
  const said = run.lines.map((line) => JSON.parse(line));
  expect(said.find(({ msg }) => msg === "slow")).toMatchObject({
    level: 40,
    container: "web",
    fields: { ms: 12, password: "[redacted]" },
  });
  expect(said.find(({ msg }) => msg === "broken")).toMatchObject({ level: 50 });
  expect(await run.stop()).toBe(0);
});

it("opentelemetry-logs emits a log record for each line", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.start();
  await using run = new ExampleRun("opentelemetry-logs", { fake, folder: temporaryFolder() });
  await run.until(() => fake.open.follows === 1, "the container");
  web.write("ERROR: no route");
  await run.until(() => run.stdout.includes("log.record.uid"), "the record");
  expect(run.stdout).toContain("body: 'ERROR: no route'");
  expect(run.stdout).toContain("severityText: 'error'");
  expect(run.stdout).toContain("'container.name': 'web'");
  expect(await run.stop()).toBe(0);
});
