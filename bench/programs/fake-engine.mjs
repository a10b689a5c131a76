// An engine for other processes, with quiet containers, until the standard input ends. With `root` their empty logs are files there.
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeEngine } from "dockspool/testing";
import { options, report } from "./args.mjs";

const fake = await FakeEngine.start();
for (let index = 0; index < options.containers; index++) {
  const { id } = fake.create({ name: `idle-${String(index).padStart(4, "0")}` });
  if (options.root === undefined) continue;
  const folder = join(options.root, "containers", id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${id}-json.log`), "");
}
report({ engine: fake.engine });
process.stdin.resume();
await once(process.stdin, "end");
await fake.close();
