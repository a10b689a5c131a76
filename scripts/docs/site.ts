import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Application, Converter, ReflectionKind } from "typedoc";
import type {
  CommentDisplayPart,
  DocumentReflection,
  ProjectReflection,
  TypeDocOptions,
} from "typedoc";
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

/** The guides, in the navigation's order. Their list is TypeDoc's first page itself. */
function guides(): string[] {
  const order = Object.values(GROUPS).flat();
  const placeOf = (name: string): number => (order.indexOf(name) + order.length) % order.length;
  return readdirSync(join(root, "docs"))
    .flatMap((file) => (/^[a-z-]+\.md$/.test(file) ? [file.replace(/\.md$/, "")] : []))
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .map((name) => join(root, `docs/${name}.md`));
}

/** Types that others are made of. The page of those shows what they have. */
const NOT_EXPORTED = [
  "Attributes",
  "DeliveryContext",
  "DeliveryEnd",
  "DiscoveryChange",
  "ErrorDetails",
  "FIELDS",
  "Gap",
  "KeyValue",
  "LokiEntry",
  "PhaseChange",
  "Reconnect",
  "RotationContext",
  "RotationEnd",
  "Settling",
  "StatusEvents",
];

const options: TypeDocOptions = {
  name: "dockspool",
  entryPoints: ENTRY_POINTS.map((path) => join(root, path)),
  entryPointStrategy: "resolve",
  basePath: root,
  tsconfig: join(root, "tsconfig.json"),
  readme: join(root, "README.md"),
  projectDocuments: guides(),
  groupOrder: [...Object.keys(GROUPS), "Constructors", "Properties", "*"],
  out: join(root, ".cache/site"),
  customCss: join(root, "scripts/docs/site.css"),
  customJs: join(root, "scripts/docs/site.js"),
  disableSources: true,
  includeHierarchySummary: false,
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
  intentionallyNotExported: [...NOT_EXPORTED],
  logLevel: "Warn",
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

/** Shown by the site itself; all other files are links to the repository. */
const SHOWN = /^(?:README|CHANGELOG|docs\/[\w-]+)\.md$|\.(?:png|svg|jpg)$/;

const { homepage }: { homepage: string } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);
const repository = homepage.replace(/#.*$/, "");

/** Links that lead somewhere, of a page in `folder`. */
function adapt(content: CommentDisplayPart[], folder: string): void {
  for (const [index, part] of content.entries()) {
    // The highlighter does not know it.
    if (part.kind === "code") part.text = part.text.replace(/^```haproxy/, "```text");
    if (part.kind !== "relative-link") continue;
    const [path = "", anchor] = join(folder, part.text).split("#");
    if (SHOWN.test(path)) continue;
    const url = `${repository}/blob/main/${path}${anchor === undefined ? "" : `#${anchor}`}`;
    content[index] = { kind: "text", text: url };
  }
}

/** What the first heading says. */
function titleOf(content: readonly CommentDisplayPart[]): string | undefined {
  const text = content.map((part) => part.text).join("");
  return /^# (.+)$/m.exec(text)?.[1]?.replaceAll("`", "");
}

/** The name of the package stands above the README already. */
function withoutTitle(content: CommentDisplayPart[] | undefined): void {
  const [first] = content ?? [];
  if (first?.kind === "text") first.text = first.text.replace(/^# .+\n/, "");
}

/** By the name of the package's entry point. */
function nameModules(project: ProjectReflection): void {
  for (const module of project.getChildrenByKind(ReflectionKind.Module))
    module.name = module.name.replace(/^src\b/, "dockspool");
}

/** Builds the site. Resolves with its folder. @throws Error where TypeDoc has a warning */
export async function buildSite(): Promise<string> {
  const app = await Application.bootstrapWithPlugins(options);
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document: DocumentReflection) => {
    document.frontmatter["group"] = groupOf(basename(document.name));
    document.name = titleOf(document.content) ?? document.name;
    adapt(document.content, "docs");
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc could not read the sources");
  adapt(project.readme ?? [], "");
  withoutTitle(project.readme);
  nameModules(project);
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("TypeDoc has warnings");
  return join(root, ".cache/site");
}
