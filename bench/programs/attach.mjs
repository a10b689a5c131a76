// From `attach` to a container's first line, again and again; or the same with a plain request.
import { once } from "node:events";
import { get } from "node:http";
import { StreamPool } from "dockspool";
import { options, report } from "./args.mjs";

const { socketPath, container, way, times } = options;

const ms = [];
const pool = new StreamPool({ engine: { socketPath }, discover: false });
const iterator = pool[Symbol.asyncIterator]();
for (let index = 0; index < times; index++) {
  const begun = performance.now();
  await (way === "plain" ? openPlainly() : attach());
  ms.push(performance.now() - begun);
  if (way !== "plain") await pool.detach(container);
}
await pool.close();
report({ ms });

async function attach() {
  const first = iterator.next();
  await pool.attach(container, { from: { tail: 1 } });
  await first;
}

async function openPlainly() {
  const path = `/containers/${container}/logs?follow=1&stdout=1&stderr=1&timestamps=1&tail=1`;
  const request = get({ socketPath, path, agent: false });
  const [response] = await once(request, "response");
  await once(response, "data");
  request.on("error", () => {});
  request.destroy();
}
