import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { failure, thrown } from "../support/fake-follow.ts";
import { get } from "./client.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

it.each<[string, unknown, string]>([
  ["flavor", { flavor: "podman" }, 'did you mean "flavour"?'],
  ["flavour", { flavour: "Podman" }, '"podman"'],
  ["since", { since: "first" }, '"first-match"'],
  ["timestamps", { timestamps: "us" }, '"offset"'],
  ["podmanQuirks", { podmanQuirks: 1 }, "true or false"],
  ["clockAheadMs", { clockAheadMs: Number.NaN }, "milliseconds"],
  ["port", { port: 70_000 }, "65535"],
  ["options", null, "flavour"],
])("an engine is not started with a wrong option: %s", async (name, options, allowed) => {
  const { message } = await failure(FakeEngine.start(options as never), "INVALID_OPTION");
  expect(message).toContain(`"${name}"`);
  expect(message).toContain(allowed);
});

it.each<[string, unknown, string]>([
  ["options", undefined, "name"],
  ["name", {}, "string"],
  ["name", { name: 5 }, "string"],
  ["lables", { name: "a", lables: {} }, 'did you mean "labels"?'],
  ["labels", { name: "a", labels: new Map([["x", "y"]]) }, "an object of strings"],
  ["labels", { name: "a", labels: { x: 5 } }, "an object of strings"],
  ["tty", { name: "a", tty: "yes" }, "true or false"],
  ["env", { name: "a", env: { A: "b" } }, "a list of strings"],
  ["health", { name: "a", health: "good" }, '"healthy"'],
])("a container is not created with a wrong option: %s", (name, spec, allowed) => {
  const { message } = thrown(() => fake.create(spec as never), "INVALID_OPTION");
  expect(message).toContain(`"${name}"`);
  expect(message).toContain(allowed);
});

it.each<[string, () => void]>([
  ["line", () => web.write(5 as never)],
  ["line", () => web.write(["one", "two"] as never)],
  ["stream", () => web.write("one", { stream: "stdin" as never })],
  ["partly", () => web.write("one", { partly: true } as never)],
  ["bytes", () => web.writeRaw("one" as never)],
  ["keepLines", () => web.truncate(Number.NaN)],
  ["keepLines", () => web.truncate(-1)],
  ["exitCode", () => web.stop({ exitCode: "1" as never })],
  ["health", () => web.health("good" as never)],
  ["name", () => web.rename("")],
  ["clockAheadMs", () => (fake.clockAheadMs = Infinity)],
  ["id", () => fake.event({ type: "image", action: "pull" } as never)],
])("nothing is done with a wrong argument: %s", (name, act) => {
  expect(thrown(act, "INVALID_OPTION").message).toContain(`"${name}"`);
  web.write("one");
  expect(web.written.map(({ stream, line }) => [stream, line])).toEqual([["stdout", "one"]]);
});

it.each<[string, unknown, string]>([
  ["fault.staus", { staus: 500 }, 'did you mean "fault.status"?'],
  ["fault.status", { status: "500" }, "HTTP status"],
  ["fault.delayMs", { delayMs: -1 }, "milliseconds"],
  ["fault.withholdHeaders", { withholdHeaders: false }, "true"],
  ["fault", {}, "delayMs"],
  ["fault", null, "status"],
  ["fault", Promise.resolve({ status: 404 }), "type Promise"],
])("what is no fault is an answer with status 500 that says so: %s", async (name, fault, says) => {
  fake.fault = () => fault as never;
  const { status, text } = await get(fake, "/_ping");
  expect(status).toBe(500);
  const { message } = JSON.parse(text) as { message: string };
  expect(message).toContain(`"${name}"`);
  expect(message).toContain(says);
});
