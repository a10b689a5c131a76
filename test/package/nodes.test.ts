import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeOf } from "../support/node-versions.ts";
import { Project } from "./support.ts";

/** Major versions of Node.js, as `npm run test:full` gives them; npm has the programs, for Linux. */
const versions = (process.env["DOCKSPOOL_NODES"] ?? "")
  .split(/[ ,]+/)
  .filter((version) => version !== "");

describe.skipIf(versions.length === 0)("the packed package on other versions of Node.js", () => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.create();
  }, 240_000);

  afterAll(async () => {
    await project[Symbol.asyncDispose]();
  });

  test.each(versions)(
    "works on Node.js %s, imported and required",
    async (version) => {
      const node = await nodeOf(version);
      const { stdout } = await promisify(execFile)(node, ["--version"]);
      expect(stdout).toMatch(new RegExp(`^v${version}\\.`));
      expect(await project.run("follow.mjs", node)).toMatchObject({
        end: { kind: "removed" },
        rotations: 3,
      });
      expect(await project.run("follow.cjs", node)).toMatchObject({
        end: { kind: "closed" },
        rotations: 1,
      });
      expect(await project.run("errors.mjs", node)).toMatchObject({
        importKnowsRequired: true,
        requireKnowsImported: true,
      });
    },
    240_000,
  );
});
