import { expect, it, vi } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { ExampleRun } from "../support/example-run.ts";

it.each([
  { name: "health-server", prefix: "", own: "/metrics" },
  { name: "health-express", prefix: "/internal", own: "/" },
  { name: "health-fastify", prefix: "", own: "/" },
])(
  "$name prints the lines, answers what is asked, and ends when told to",
  async ({ name, prefix, own }) => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    web.start();
    await using run = new ExampleRun(name, { fake, folder: temporaryFolder(), args: ["0"] });
    const port = (): string => /port: (\d+)/.exec(run.stderr)?.[1] ?? "";
    await run.until(() => port() !== "", "its address");
    const ask = async (path: string): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port()}${path}`);
      await response.text();
      return response.status;
    };
    expect(await ask(`${prefix}/livez`)).toBe(200);
    await vi.waitUntil(async () => (await ask(`${prefix}/readyz`)) === 200, { timeout: 60_000 });
    expect(await ask(`${prefix}/healthz`)).toBe(200);
    expect(await ask(own)).toBe(200);
    expect(await ask("/nothing")).toBe(404);
    web.write("hello");
    await run.until(() => run.lines.length === 1, "a line");
    expect(run.lines).toEqual(["web hello"]);
    expect(await run.stop()).toBe(0);
  },
);
