// Reads a container's log to its end and leaves the fake engine and the loop behind; must then exit by itself.
const { ContainerLogSource } = require("dockspool");
const { FakeEngine } = require("dockspool/testing");

async function main() {
  const fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  for (let number = 0; number < 10; number++) web.write(`line ${number}`);
  const source = new ContainerLogSource("web", { engine: fake.engine });
  const lines = [];
  for await (const { line } of source) {
    lines.push(line);
    if (lines.length === 4) await source.rotate();
    if (lines.length === 10) break;
  }
  const end = await source.ended;
  await fake.close();
  console.log(JSON.stringify({ lines, end, rotations: source.stats.rotations }));
}

main();
