import { expect, test } from "vitest";

import { gluesLines, traitsOf } from "../../src/engine/traits.ts";

test.each([
  ["Docker/20.10.24 (linux)", ["local", "syslog", "fluentd", "awslogs"]],
  ["Docker/28.5.2 (linux)", []],
] as const)("long lines on a terminal of %s are glued with the drivers %j", (server, drivers) => {
  const all = ["json-file", "local", "journald", "none", "syslog", "fluentd", "awslogs"];
  const traits = traitsOf({ server });
  expect(all.filter((driver) => gluesLines(traits, driver))).toEqual(drivers);
});

test("no long lines on a terminal of Podman are glued", () => {
  const traits = traitsOf({ "libpod-api-version": "4.3.1" });
  expect(["k8s-file", "json-file", "local"].filter((name) => gluesLines(traits, name))).toEqual([]);
});
