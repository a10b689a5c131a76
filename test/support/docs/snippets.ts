import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The repository. */
export const root: string = join(import.meta.dirname, "../../..");

/** A block of code of a page. */
export interface Snippet {
  /** From the repository. */
  readonly page: string;
  /** Of its first line in the page, from 1. */
  readonly line: number;
  /** "js", "ts", "sh", "yaml", … */
  readonly language: string;
  readonly text: string;
  /** Why it is not run, as the page's comment before it says; undefined where it is. */
  readonly notRun: string | undefined;
}

/** The pages for users: what is written there has to work. */
function usersPages(): string[] {
  const guides = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  return ["README.md", "examples/service/README.md", ...guides];
}

const BLOCK = /^([ \t]*)```(\w*)[^\n]*\n([^]*?)^[ \t]*```[ \t]*$/gm;
const NOT_RUN = /<!-- snippet: not run: (.+?) -->\s*$/;
const GOES_ON = /<!-- snippet: goes on -->\s*$/;

/**
 * The blocks of a page. One that is marked by `<!-- snippet: goes on -->` goes on with the block before it, and is looked at together
 * with it.
 */
export function snippetsOf(page: string, text: string = read(page)): Snippet[] {
  const snippets: Snippet[] = [];
  for (const match of text.matchAll(BLOCK)) {
    const [, indent = "", language = "", body = ""] = match;
    const before = text.slice(0, match.index);
    const own = body.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    const last = snippets.at(-1);
    const goesOn = GOES_ON.test(before) && last !== undefined;
    snippets.push({
      page,
      line: before.split("\n").length + 1,
      language,
      text: goesOn ? `${last.text}${own}` : own,
      notRun: NOT_RUN.exec(before)?.[1],
    });
  }
  return snippets;
}

function read(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** Of all pages for users. */
export function allSnippets(): Snippet[] {
  return usersPages().flatMap((page) => snippetsOf(page));
}

/** A program, for Node.js or TypeScript. */
export function isProgram({ language }: Snippet): boolean {
  return language === "js" || language === "ts";
}

/** Where a program stands, as a file's name: "docs-pool-12.mjs". */
export function fileNameOf({ page, line, language }: Snippet): string {
  const name = page.replace(/\.md$/, "").replaceAll(/[^\w]+/g, "-");
  return `${name}-${line}.${language === "js" ? "mjs" : "mts"}`;
}
