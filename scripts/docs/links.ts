import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Where something is linked, and what. */
interface Link {
  readonly from: string;
  readonly target: string;
}

/** A file, and the place in it. */
function split(target: string): readonly [string, string] {
  const [path = "", anchor = ""] = target.split("#");
  return [decodeURIComponent(path.replace(/\?.*$/, "")), decodeURIComponent(anchor)];
}

const isElsewhere = (target: string): boolean => /^(?:[a-z]+:|\/\/)/i.test(target);

/** Links of which the file, or the place in it, is not there: "README.md: docs/pool.md#turn". */
function deadOf(
  links: readonly Link[],
  anchorsOf: (file: string) => ReadonlySet<string>,
): string[] {
  const known = new Map<string, ReadonlySet<string>>();
  return links.flatMap(({ from, target }) => {
    if (isElsewhere(target)) return [];
    const [path, anchor] = split(target);
    const file = path === "" ? from : join(dirname(from), path);
    if (!existsSync(file)) return [`${from}: ${target}`];
    if (anchor === "" || statSync(file).isDirectory() || !/\.(?:md|html)$/.test(file)) return [];
    const anchors = known.get(file) ?? anchorsOf(file);
    known.set(file, anchors);
    return anchors.has(anchor) ? [] : [`${from}: ${target}`];
  });
}

const BLOCK = /^[ \t]*```[^]*?^[ \t]*```[ \t]*$/gm;

/** As GitHub makes them of headings. */
function anchorsOfPage(file: string): Set<string> {
  const text = readFileSync(file, "utf8").replaceAll(BLOCK, "");
  const seen = new Map<string, number>();
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  const named = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name = ""]) => name);
  return new Set([...headings, ...named]);
}

/** The repository's own files on GitHub. Pages that go with the package link to what does not go with it so. */
const OWN = /^https:\/\/github\.com\/[^/]+\/dockspool\/(?:blob|tree)\/main\//;
const root = fileURLToPath(new URL("../..", import.meta.url));

function linksOfPages(files: readonly string[]): Link[] {
  return files.flatMap((from) => {
    const text = readFileSync(from, "utf8")
      .replaceAll(BLOCK, "")
      .replaceAll(/`[^`\n]*`/g, "");
    const found = [
      ...text.matchAll(/\]\(([^()\s]+)\)/g),
      ...text.matchAll(/(?:href|src)="([^"]+)"/g),
    ];
    return found.map(([, target = ""]) => ({ from, target }));
  });
}

/** Dead links between pages of Markdown. */
export function deadLinksOfPages(files: readonly string[]): string[] {
  const links = linksOfPages(files).map(({ from, target }) => {
    const here = target.replace(OWN, "");
    return { from, target: here === target ? target : relative(dirname(from), join(root, here)) };
  });
  return deadOf(links, anchorsOfPage);
}

/** Links of these pages, but for pictures, to files that are none of `packed`, by their paths in the repository: "docs/pool.md: ../bench/results.md". */
export function linksOutOfPackage(pages: readonly string[], packed: ReadonlySet<string>): string[] {
  return linksOfPages(pages.map((page) => join(root, page))).flatMap(({ from, target }) => {
    const [path] = split(target);
    if (isElsewhere(target) || path === "" || /\.(?:png|svg)$/.test(path)) return [];
    const file = relative(root, join(dirname(from), path));
    return packed.has(file) ? [] : [`${relative(root, from)}: ${target}`];
  });
}

/** Dead links of a site's pages. */
export function deadLinksOfSite(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".html"))
    .map((name) => join(folder, name));
  const links = files.flatMap((from) =>
    [...readFileSync(from, "utf8").matchAll(/<(?:a|img)\b[^>]*? (?:href|src)="([^"]*)"/g)].map(
      ([, target = ""]) => ({ from, target: target.replaceAll("&amp;", "&") }),
    ),
  );
  const anchorsOf = (file: string): Set<string> =>
    new Set([...readFileSync(file, "utf8").matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id));
  return deadOf(links, anchorsOf).map((dead) => relative(folder, dead));
}
