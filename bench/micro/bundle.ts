import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

/** A program for Node.js in a folder of its own, which goes with it. */
export interface Bundle extends AsyncDisposable {
  readonly path: string;
}

/** The steps alone. */
export function bundleMicro(): Promise<Bundle> {
  return bundle(new URL("main.ts", import.meta.url));
}

/** Bundles a program with the library's modules by what builds the package, so that the code measured is the code that ships. */
export async function bundle(program: URL): Promise<Bundle> {
  const directory = await mkdtemp(join(tmpdir(), "dockspool-bench-"));
  const remove = async (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    await build({
      config: false,
      entry: { program: fileURLToPath(program) },
      outDir: directory,
      format: "esm",
      outExtension: () => ({ js: ".mjs" }),
      platform: "node",
      target: "node20",
      noExternal: [/./],
      silent: true,
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path: join(directory, "program.mjs"), [Symbol.asyncDispose]: remove };
}
