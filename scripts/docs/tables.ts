import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** The repository. */
export const root: string = join(import.meta.dirname, "../..");

/** A field, option, or member of a union, with what its doc comment says. */
export interface Documented {
  readonly name: string;
  readonly type: string;
  readonly comment: string;
}

/** Where a declaration stands, and its name. */
export interface Place {
  readonly file: string;
  readonly type: string;
}

function declarationOf({ file, type }: Place): ts.Node {
  const text = readFileSync(join(root, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = source.statements.find(
    (node) =>
      (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) &&
      node.name.text === type,
  );
  if (found === undefined) throw new Error(`${file} has no type ${type}`);
  return found;
}

/** The text of a doc comment, in one line. */
function commentOf(node: ts.Node): string {
  const text = node.getSourceFile().text;
  const last = ts.getLeadingCommentRanges(text, node.getFullStart())?.at(-1);
  return last === undefined ? "" : plain(text.slice(last.pos, last.end));
}

function plain(comment: string): string {
  return comment
    .replaceAll(/^\/\*\*|\*\/$|^\s*\*(?=\s)/gm, "")
    .replaceAll(/\{@link (\w+)[^}]*\}/g, "`$1`")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function oneLine(node: ts.Node): string {
  return node.getText().replaceAll(/\s+/g, " ").replaceAll("readonly ", "");
}

/** The fields of an interface, in their order. */
export function fieldsOf(place: Place): Documented[] {
  const found = declarationOf(place);
  if (!ts.isInterfaceDeclaration(found)) throw new Error(`${place.type} is no interface`);
  return found.members.filter(ts.isPropertySignature).map((member) => ({
    name: member.name.getText(),
    type: member.type === undefined ? "" : oneLine(member.type),
    comment: commentOf(member),
  }));
}

/** The members of a union of objects, by the name that `key` has in each, or of strings. */
export function membersOf(place: Place, key: string): Documented[] {
  const found = declarationOf(place);
  if (!ts.isTypeAliasDeclaration(found) || !ts.isUnionTypeNode(found.type))
    throw new Error(`${place.type} is no union`);
  return found.type.types.map((member) => {
    if (!ts.isTypeLiteralNode(member))
      return { name: unquoted(member), type: "", comment: beforeBar(member) };
    const fields = member.members.filter(ts.isPropertySignature);
    const named = fields.find(({ name }) => name.getText() === key);
    const others = fields.filter((field) => field !== named);
    return {
      name: named?.type === undefined ? "" : unquoted(named.type),
      type: others.map((field) => oneLine(field).replace(/;$/, "")).join("; "),
      comment: beforeBar(member),
    };
  });
}

function unquoted(node: ts.Node): string {
  return node.getText().replaceAll('"', "");
}

/** The comment of a union's member stands before its bar, which is no part of the member. */
function beforeBar(member: ts.Node): string {
  const text = member.getSourceFile().text.slice(0, member.getStart());
  const [, comment = ""] = /(\/\*\*(?:(?!\*\/)[^])*\*\/)\s*\|\s*$/.exec(text) ?? [];
  return plain(comment);
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
const code = (text: string): string => (text === "" ? "" : `\`${cell(text)}\``);

/** A table as it stands between two marks of a page. */
export function renderTable(head: readonly string[], rows: readonly Documented[]): string {
  const lines = rows.map(({ name, type, comment }) =>
    ["", code(name), code(type), cell(comment), ""].join(" | ").trim(),
  );
  return [`| ${head.join(" | ")} |`, `| --- | --- | --- |`, ...lines].join("\n");
}
