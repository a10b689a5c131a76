import Modem from "docker-modem";
import Docker from "dockerode";
import { expect, test } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Engine } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";

// That each is an `Engine` as it is, without a cast, is for the type check to say.
const engines: readonly { of: string; connect: (fake: FakeEngine) => Engine }[] = [
  { of: "docker-modem", connect: (fake) => new Modem(fake.engine) },
  { of: "dockerode", connect: (fake) => new Docker(fake.engine).modem },
];

test.each(engines)("a source reads through a modem of $of", async ({ connect }) => {
  await using fake = await FakeEngine.start();
  fake.create({ name: "web" }).write("hello");
  const source = new ContainerLogSource("web", { engine: connect(fake), follow: false });
  const lines: string[] = [];
  for await (const { line } of source) lines.push(line);
  expect(lines).toEqual(["hello"]);
});
