import { expect, it, vi } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { ExampleRun } from "../support/example-run.ts";

it.each([
  { name: "health-server", prefix: "", own: "/metrics", shows: /^dockspool_ready 1$/m },
  { name: "health-express", prefix: "/internal", own: "/", shows: /^1 containers$/ },
  { name: "health-fastify", prefix: "", own: "/", shows: /^{"containers":1}$/ },
])(
  "$name prints the lines, answers what is asked, and ends when told to",
  async ({ name, prefix, own, shows }) => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    web.start();
    await using run = new ExampleRun(name, { fake, folder: temporaryFolder(), args: ["0"] });
    const port = (): string => /port: (\d+)/.exec(run.stderr)?.[1] ?? "";
    await run.until(() => port() !== "", "its address");
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port()}${path}`);
    const ask = async (path: string): Promise<number> => {
      const response = await get(path);
      await response.text();
      return response.status;
    };
    expect(await ask(`${prefix}/livez`)).toBe(200);
    await vi.waitUntil(async () => (await ask(`${prefix}/readyz`)) === 200, { timeout: 60_000 });
    expect(await ask(`${prefix}/healthz`)).toBe(200);
    expect(await (await get(own)).text()).toMatch(shows);
    expect(await ask("/nothing")).toBe(404);
    web.write("hello");
    await run.until(() => run.lines.length === 1, "a line");
    expect(run.lines).toEqual(["web hello"]);
    expect(await run.stop()).toBe(0);
  },
);
