import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { ExampleRun } from "../support/example-run.ts";

it("many-containers prints a project's lines in the order of time", async () => {
  await using fake = await FakeEngine.start();
  const create = (service: string, project: string) =>
    fake.create({
      name: `${project}-${service}-1`,
      labels: {
        "com.docker.compose.project": project,
        "com.docker.compose.service": service,
      },
    });
  const [web, db, other] = [create("web", "shop"), create("db", "shop"), create("web", "blog")];
  await using run = new ExampleRun("many-containers", {
    fake,
    folder: temporaryFolder(),
    args: ["shop"],
  });
  await run.until(() => fake.open.follows === 2, "both are followed");
  const expected: string[] = [];
  for (let index = 0; index < 20; index++) {
    const [container, service] = index % 3 === 0 ? [db, "db"] : [web, "web"];
    container.write(`line ${index}`);
    other.write("of another project");
    expected.push(`${container.written.at(-1)?.timestamp} ${service} stdout line ${index}`);
  }
  await run.until(() => run.lines.length >= 20, "twenty lines");
  db.remove();
  await run.until(() => run.stderr.includes("- shop-db-1: removed"), "the end of db");
  expect(await run.stop()).toBe(0);
  expect(run.lines).toEqual(expected);
});
