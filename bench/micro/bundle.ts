import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

/** A program for Node.js in a folder of its own, which goes with it. */
export interface Bundle extends AsyncDisposable {
  readonly path: string;
}

/** Bundles `main.ts` with the library's modules by what builds the package, so that the code measured is the code that ships. */
export async function bundleMicro(): Promise<Bundle> {
  const directory = await mkdtemp(join(tmpdir(), "dockspool-bench-"));
  const remove = async (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    await build({
      config: false,
      entry: { micro: fileURLToPath(new URL("main.ts", import.meta.url)) },
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
  return { path: join(directory, "micro.mjs"), [Symbol.asyncDispose]: remove };
}
