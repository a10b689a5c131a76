import { createServer } from "node:http";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { CommandRun } from "../support/cli-run.ts";

async function startEngine(): Promise<FakeEngine> {
  const fake = await FakeEngine.start();
  onTestFinished(() => fake.close());
  return fake;
}

/** The address in what the command says. */
function addressIn({ stderr }: CommandRun, words: RegExp): string {
  return words.exec(stderr)?.[1] ?? "";
}

describe("the command's servers", () => {
  test("--metrics serves series and health of what is followed, and ends with the command", async () => {
    const fake = await startEngine();
    const web = fake.create({ name: "web" });
    for (let number = 0; number < 7; number++) web.write(`line ${number}`);
    await using run = new CommandRun(["--metrics", "0"], { fake });
    await run.until(() => run.lines.length === 7, "the lines");
    const url = addressIn(run, /^Metrics: (\S+)$/m);
    const metrics = await (await fetch(url)).text();
    expect(metrics).toMatch(/^dockspool_container_log_lines_total\{.*stream="stdout".*\} 7$/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+/m);
    for (const path of ["/healthz", "/livez", "/readyz"])
      expect((await fetch(new URL(path, url))).status).toBe(200);
    expect(await run.stop()).toBe(0);
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  test("--page serves a page of what is followed", async () => {
    const fake = await startEngine();
    fake.create({ name: "web" }).write("hello");
    await using run = new CommandRun(["--page"], { fake });
    await run.until(() => run.lines.length === 1, "the line");
    const response = await fetch(addressIn(run, /^Live page: (\S+)$/m));
    expect(response.status).toBe(200);
    await response.text();
    expect(await run.stop()).toBe(0);
  });

  test.each(["--metrics", "--page"])(
    "a port that is taken is told, and ends %s",
    async (option) => {
      const fake = await startEngine();
      const other = createServer().listen(0, "127.0.0.1");
      onTestFinished(() => void other.close());
      await once(other, "listening");
      const address = other.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      await using run = new CommandRun([option, String(port)], { fake });
      expect(await run.ended()).toBe(1);
      expect(run.notices.at(-1)).toBe(
        `dockspool: ${option} can't listen on 127.0.0.1:${port}: the port is in use.`,
      );
    },
  );
});
