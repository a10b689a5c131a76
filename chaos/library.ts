import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "tsup";

const root = join(import.meta.dirname, "..");

/** A change of the built library that makes it wrong. */
export interface Change {
  /** Stands once in the built library. */
  readonly find: string;
  readonly replace: string;
}

/** The library as it is built, and the collector, in a folder of their own. */
export class BuiltLibrary implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async build(): Promise<BuiltLibrary> {
    // Inside the project they find their dependencies.
    const caches = join(root, "node_modules", ".cache");
    await mkdir(caches, { recursive: true });
    const outDir = await mkdtemp(join(caches, "chaos-"));
    await build({
      config: false,
      silent: true,
      outDir,
      entry: { index: join(root, "src/index.ts"), collector: join(root, "chaos/collector.ts") },
      format: "esm",
      platform: "node",
      target: "node20",
      splitting: false,
    });
    return new BuiltLibrary(outDir);
  }

  /** The same with a bug put in. */
  async with({ find, replace }: Change): Promise<BuiltLibrary> {
    const text = await readFile(join(this.folder, "index.js"), "utf8");
    const times = text.split(find).length - 1;
    if (times !== 1)
      throw new Error(`The library has ${times} times, not once: ${find}. Adapt chaos/bugs.ts.`);
    const folder = await mkdtemp(`${this.folder}-bug-`);
    await writeFile(
      join(folder, "index.js"),
      text.replace(find, () => replace),
    );
    const collector = await readFile(join(this.folder, "collector.js"));
    await writeFile(join(folder, "collector.js"), collector);
    return new BuiltLibrary(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
