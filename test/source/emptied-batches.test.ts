import { expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Cursor } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";

it("a batch is the consumer's: what it does to it changes neither places nor counts", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.write("one");
  web.write("half", { partial: true });
  web.stop();
  const read = async (empties: boolean): Promise<[Cursor | undefined, number]> => {
    const source = new ContainerLogSource("web", { engine: fake.engine, follow: false });
    let cursor: Cursor | undefined;
    for await (const batch of source.batches()) {
      if (empties) (batch as unknown[]).splice(0);
      source.acknowledge();
      ({ cursor } = source);
    }
    return [cursor, source.stats.delivered];
  };
  expect(await read(true)).toEqual(await read(false));
});
