import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { programPath } from "../support/program-path.ts";

/** It is no part of any other word, in any of the forms that it might be shown in. */
const SECRET = "s3cr3t";
const forms = ["utf8", "base64", "base64url", "hex"] as const;

it("no secret that an option holds, or an answer, is in anything that the library shows", async () => {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [programPath("test/package/fixtures/shows-everything.ts"), SECRET],
    {
      timeout: 100_000,
      maxBuffer: 256 * 1024 * 1024,
      env: { ...process.env, NODE_DEBUG: "dockspool", NO_COLOR: "1" },
    },
  );
  expect(Number(/^shown (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(200);
  expect(stderr).toContain("DOCKSPOOL");
  for (const text of [stdout, stderr]) {
    const line = text.split("\n").find((one) => {
      const plain = one.replaceAll(/[ ,]/g, "");
      return forms.some((form) =>
        plain.includes(Buffer.from(SECRET).toString(form).replace(/=+$/, "")),
      );
    });
    expect(line).toBeUndefined();
  }
});
