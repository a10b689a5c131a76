import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { npm, root } from "../package/support.ts";

/** A program of this major version of Node.js, from npm (Linux only). Kept in .cache once it is there. */
export async function nodeOf(version: string): Promise<string> {
  const name = `node-linux-${process.arch}`;
  const directory = join(root, ".cache", `node-${version}`);
  const program = join(directory, "node_modules", name, "bin/node");
  try {
    await access(program);
  } catch {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "package.json"), JSON.stringify({ private: true }));
    await npm(["install", `${name}@${version}`], directory);
  }
  return program;
}
