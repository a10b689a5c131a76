// Follows a container while it writes and is rotated, until it is removed; prints what came, and must then exit by itself.
import { ContainerLogSource } from "dockspool";
import { FakeEngine } from "dockspool/testing";

const fake = await FakeEngine.start();
const web = fake.create({ name: "web" });
const source = new ContainerLogSource("web", { engine: fake.engine });
const lines = [];
web.write("line 0");
for await (const { line } of source) {
  lines.push(line);
  if (lines.length % 3 === 0) await source.rotate();
  if (lines.length < 10) web.write(`line ${lines.length}`);
  else if (lines.length === 10) web.remove();
}
const end = await source.ended;
await fake.close();
console.log(JSON.stringify({ lines, end, rotations: source.stats.rotations }));
