// jest's fake timers, as docs/bundlers.md says.
/* global jest, test, expect */
const { ContainerLogSource } = require("dockspool");
const { FakeEngine } = require("dockspool/testing");

test("with the date alone faked lines come", async () => {
  const doNotFake = [
    "setTimeout",
    "clearTimeout",
    "setInterval",
    "clearInterval",
    "setImmediate",
    "clearImmediate",
    "performance",
    "hrtime",
    "nextTick",
    "queueMicrotask",
  ];
  jest.useFakeTimers({ doNotFake, now: new Date("2030-01-02T03:04:05Z") });
  const fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.write("line 0");
  const source = new ContainerLogSource("web", { engine: fake.engine });
  const lines = [];
  for await (const { line, timestamp } of source) {
    expect(timestamp).toMatch(/^2030-01-02T03:04:05/);
    lines.push(line);
    if (lines.length === 3) break;
    await source.rotate();
    web.write(`line ${lines.length}`);
  }
  await source.close();
  await fake.close();
  expect(lines).toEqual(["line 0", "line 1", "line 2"]);
});
