import { createServer } from "node:http";
import type { Server } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { Programs } from "../support/docs/programs.ts";
import { root } from "../support/docs/snippets.ts";
import { ProgramRun } from "../support/program-run.ts";

const { readConfig }: { readConfig: (env: Record<string, string>) => { select: object } } =
  await import(join(root, "examples/service/config.mjs"));

let files: Programs;
let program: string;

beforeAll(async () => {
  files = new Programs([]);
  const built = await files.build({ service: join(root, "examples/service/service.mjs") });
  program = built("service");
});

afterAll(() => files[Symbol.dispose]());

/** Takes what the service posts. */
class Endpoint implements AsyncDisposable {
  readonly #server: Server;
  readonly lines: { line: string; container: { name: string } }[] = [];
  /** What it answers. */
  status = 200;

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        if (this.status === 200)
          for (const line of body.trimEnd().split("\n")) this.lines.push(JSON.parse(line));
        response.writeHead(this.status).end();
      });
    });
  }

  static async start(): Promise<Endpoint> {
    const endpoint = new Endpoint();
    endpoint.#server.listen(0, "127.0.0.1");
    await once(endpoint.#server, "listening");
    return endpoint;
  }

  get url(): string {
    const address = this.#server.address();
    const port = typeof address === "object" ? address?.port : "";
    return `http://127.0.0.1:${port}/ingest`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class Service extends ProgramRun {
  constructor(fake: FakeEngine, endpoint: Endpoint, folder: string) {
    super([program], {
      cwd: folder,
      env: {
        ...process.env,
        DOCKER_HOST: `unix://${fake.engine.socketPath}`,
        SINK_URL: endpoint.url,
        CONTAINERS: "web*",
        FROM: "start",
        PORT: "0",
        BATCH_MS: "20",
      },
    });
  }

  /** Resolves with a page once it listens. */
  async page(path: string): Promise<{ status: number; text: string }> {
    await this.until(() => this.stderr.includes('"listening"'), "listening");
    const port = /"listening",.*"port":(\d+)/.exec(this.stderr)?.[1];
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  }
}

describe("the service", () => {
  it("follows, tells how it is, ends when it is asked to, and goes on where it was", async () => {
    await using fake = await FakeEngine.start();
    await using endpoint = await Endpoint.start();
    const folder = temporaryFolder();
    const web = fake.create({ name: "web-1" });
    fake.create({ name: "db" }).write("not asked for");
    for (let line = 0; line < 5; line += 1) web.write(`line ${line}`);

    await using first = new Service(fake, endpoint, folder);
    await first.until(() => endpoint.lines.length === 5, "five lines");
    expect(await first.page("/readyz")).toMatchObject({ status: 200 });
    expect((await first.page("/livez")).status).toBe(200);
    expect((await first.page("/metrics")).text).toContain('container_name="web-1"');
    web.write("line 5");
    await first.until(() => endpoint.lines.length === 6, "the sixth line");
    expect(await first.stop("SIGTERM")).toBe(0);
    expect(first.stderr).toContain('"stopped"');

    web.write("line 6");
    await using second = new Service(fake, endpoint, folder);
    await second.until(() => endpoint.lines.length === 7, "the line that came meanwhile");
    expect(await second.stop("SIGTERM")).toBe(0);
    expect(endpoint.lines.map(({ line }) => line)).toEqual(web.written.map(({ line }) => line));
  });

  it("tries again where its endpoint fails, and loses nothing", async () => {
    await using fake = await FakeEngine.start();
    await using endpoint = await Endpoint.start();
    endpoint.status = 503;
    fake.create({ name: "web" }).write("kept");
    await using service = new Service(fake, endpoint, temporaryFolder());
    await service.until(() => service.stderr.includes("delivery-retry"), "a second attempt");
    endpoint.status = 200;
    await service.until(() => endpoint.lines.length === 1, "the line");
    expect(await service.stop("SIGTERM")).toBe(0);
  });
});

describe("its settings", () => {
  it("say all that is wrong", () => {
    expect(() => readConfig({ FROM: "yesterday", PORT: "x" })).toThrow(
      /FROM has to be.*\nSINK_URL is missing\nPORT has to be/s,
    );
  });

  it("choose containers", () => {
    const { select } = readConfig({
      SINK_URL: "http://localhost/",
      CONTAINERS: "web*, api",
      LABELS: "logs=true,shop",
    });
    expect(select).toEqual({ names: ["web*", "api"], labels: { logs: "true", shop: true } });
  });
});
