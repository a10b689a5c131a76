import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "tsup";
import ts from "typescript";
import { fileNameOf, root } from "./snippets.ts";
import type { Snippet } from "./snippets.ts";

const manifest: { exports: Record<string, unknown> } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);

/** The entry points of the package, and their sources. */
const ENTRIES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(manifest.exports)
    .filter((path) => path !== "./package.json")
    .map((path) => {
      const name = path === "." ? "index" : path.slice(2);
      return [path === "." ? "dockspool" : `dockspool/${name}`, join(root, `src/${name}.ts`)];
    }),
);

/** Snippets as files inside the project, where they find what it has installed. */
export class Programs implements Disposable {
  readonly folder: string;
  readonly #snippets: readonly Snippet[];

  constructor(snippets: readonly Snippet[]) {
    mkdirSync(join(root, ".cache"), { recursive: true });
    this.folder = mkdtempSync(join(root, ".cache/snippets-"));
    this.#snippets = snippets;
    for (const snippet of snippets)
      // Each is a module, also one that imports nothing.
      writeFileSync(this.pathOf(snippet), `${snippet.text}\nexport {};\n`);
  }

  pathOf(snippet: Snippet): string {
    return join(this.folder, fileNameOf(snippet));
  }

  /** What the compiler says of all of them, as "docs/pool.md:12: …". */
  typeErrors(others: readonly string[] = []): string[] {
    const files = [...this.#snippets.map((snippet) => this.pathOf(snippet)), ...others];
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
      types: ["node"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      paths: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, [path]])),
      allowImportingTsExtensions: true,
      strict: true,
      noImplicitAny: false,
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
    };
    // Of comments it reads what it needs to find errors, as the command `tsc` does.
    const host = ts.createCompilerHost(options);
    host.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeErrors;
    const program = ts.createProgram(files, options, host);
    return files.flatMap((file) => {
      const source = program.getSourceFile(file);
      if (source === undefined) return [`${file} was not read`];
      return ts
        .getPreEmitDiagnostics(program, source)
        .map((diagnostic) => this.#told(file, diagnostic));
    });
  }

  #told(file: string, { start = 0, messageText }: ts.Diagnostic): string {
    const text = readFileSync(file, "utf8");
    const line = text.slice(0, start).split("\n").length;
    const snippet = this.#snippets.find((one) => this.pathOf(one) === file);
    const where = snippet === undefined ? file : `${snippet.page}:${snippet.line + line - 1}`;
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  }

  /** Bundles them with the library's sources, which they share. Resolves with the file of each. */
  async build(others: Readonly<Record<string, string>> = {}): Promise<(name: string) => string> {
    const outdir = join(this.folder, "built");
    await build({
      entry: {
        ...Object.fromEntries(
          this.#snippets.map((snippet) => [fileNameOf(snippet), this.pathOf(snippet)]),
        ),
        ...others,
      },
      outDir: outdir,
      outExtension: () => ({ js: ".mjs" }),
      format: "esm",
      platform: "node",
      target: "node20",
      removeNodeProtocol: false,
      config: false,
      silent: true,
      esbuildPlugins: [
        {
          name: "sources",
          setup(plugin) {
            plugin.onResolve({ filter: /^[^./]/ }, ({ path }) =>
              path in ENTRIES ? { path: ENTRIES[path] ?? "" } : { path, external: true },
            );
          },
        },
      ],
    });
    return (name) => join(outdir, `${name}.mjs`);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
