// An engine for other processes, with quiet containers, until the standard input ends.
import { once } from "node:events";
import { FakeEngine } from "dockspool/testing";
import { options, report } from "./args.mjs";

const fake = await FakeEngine.start();
const ids = [];
for (let index = 0; index < options.containers; index++) {
  ids.push(fake.create({ name: `idle-${String(index).padStart(4, "0")}` }).id);
}
report({ engine: fake.engine, ids });
process.stdin.resume();
await once(process.stdin, "end");
await fake.close();
