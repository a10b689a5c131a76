import { join } from "node:path";
import { Application, Converter } from "typedoc";
import type { DocumentReflection, TypeDocOptions } from "typedoc";
import { ENTRY_POINTS } from "./entry-points.ts";
import { root } from "./tables.ts";

/** The guides in the order in which the navigation shows them, by what they are for. Others come behind them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Begin: [
    "following",
    "pool",
    "containers",
    "delivery",
    "sinks",
    "formats",
    "resuming",
    "migrating",
  ],
  "In production": [
    "deployment",
    "connecting",
    "operating",
    "metrics",
    "rotation",
    "performance",
    "security",
    "troubleshooting",
  ],
  "Test and build": ["testing", "bundlers"],
  "Look up": [
    "options",
    "statuses",
    "errors",
    "channels",
    "command",
    "page",
    "engines",
    "comparison",
  ],
};

/** Of a guide: its file's name without ".md". */
function groupOf(name: string): string {
  const found = Object.entries(GROUPS).find(([, names]) => names.includes(name));
  return found?.[0] ?? "Look up";
}

const options: TypeDocOptions = {
  name: "dockspool",
  entryPoints: ENTRY_POINTS.map((path) => join(root, path)),
  entryPointStrategy: "resolve",
  basePath: root,
  tsconfig: join(root, "tsconfig.json"),
  readme: join(root, "README.md"),
  projectDocuments: [join(root, "docs/!(README).md")],
  out: join(root, ".cache/site"),
  customCss: join(root, "scripts/docs/site.css"),
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  githubPages: false,
  hideGenerator: true,
  includeVersion: true,
  skipErrorChecking: true,
  sort: ["source-order"],
  visibilityFilters: {},
  navigation: { includeCategories: false, includeGroups: true, compactFolders: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, rewrittenLink: true },
  logLevel: "Warn",
  // Types that are named by others, and not exported, are shown beside them.
  plugin: ["typedoc-plugin-missing-exports"],
  highlightLanguages: [
    "bash",
    "dockerfile",
    "ini",
    "javascript",
    "json",
    "nginx",
    "shellscript",
    "sql",
    "tsx",
    "typescript",
    "yaml",
  ],
};

/** What the first heading of a guide says is its title. */
function nameDocument(document: DocumentReflection): void {
  const file = document.name.toLowerCase();
  document.frontmatter["group"] = groupOf(file);
  const heading = document.content.find(({ text }) => /^# /m.test(text));
  const [, title] = /^# (.+)$/m.exec(heading?.text ?? "") ?? [];
  // The highlighter does not know it.
  for (const part of document.content)
    if (part.kind === "code") part.text = part.text.replace(/^```haproxy/, "```text");
  if (title !== undefined) document.name = title.replaceAll("`", "");
}

/** Builds the site. Resolves with its folder. @throws Error where TypeDoc has a warning */
export async function buildSite(): Promise<string> {
  const app = await Application.bootstrapWithPlugins(options);
  app.options.setValue("placeInternalsInOwningModule", true);
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document: DocumentReflection) =>
    nameDocument(document),
  );
  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc could not read the sources");
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("TypeDoc has warnings");
  return join(root, ".cache/site");
}
