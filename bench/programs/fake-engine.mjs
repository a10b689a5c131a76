// An engine for other processes, with quiet containers, until the standard input ends.
import { once } from "node:events";
import { FakeEngine } from "dockspool/testing";
import { options, report } from "./args.mjs";

const fake = await FakeEngine.start();
for (let index = 0; index < options.containers; index++) {
  fake.create({ name: `idle-${String(index).padStart(4, "0")}` });
}
report({ engine: fake.engine });
process.stdin.resume();
await once(process.stdin, "end");
await fake.close();
