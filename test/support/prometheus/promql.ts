import { parser } from "@prometheus-io/lezer-promql";

/** A series, as an expression chooses it. */
interface Selection {
  readonly name: string;
  /** By which it is chosen. */
  readonly labels: readonly string[];
}

export interface Expression {
  readonly selections: readonly Selection[];
  /** By which series are put together or matched: `by (engine)`, `on (instance)`. */
  readonly groupings: readonly string[];
}

/**
 * What an expression is made of, by Prometheus's own grammar.
 *
 * @throws where it is none
 */
export function readExpression(expression: string): Expression {
  const selections: { name: string; labels: string[] }[] = [];
  const groupings: string[] = [];
  const open: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      const text = expression.slice(from, to);
      if (type.isError)
        throw new Error(`No PromQL at ${from}: ${expression.slice(from, from + 40)}`);
      if (type.name === "VectorSelector") selections.push({ name: "", labels: [] });
      const selection = selections.at(-1);
      if (type.name === "Identifier" && selection !== undefined) selection.name = text;
      if (type.name === "LabelName") {
        if (open.includes("GroupingLabels")) groupings.push(text);
        else selection?.labels.push(text);
      }
      open.push(type.name);
    },
    leave: () => void open.pop(),
  });
  return { selections, groupings };
}

/** As Grafana replaces its variables where all is chosen. */
export function withoutVariables(expression: string): string {
  return expression
    .replaceAll(/\$__(?:rate_interval|range)/g, "1m")
    .replaceAll(/\$(?:instance|engine|container)\b/g, ".*");
}

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

/** Operators that leave series out. */
const CHOOSING = new Set(["And", "Or", "Unless", "Eql", "EqlC", "Neq", "Gtr", "Gte", "Lss", "Lte"]);

/** The parts that an expression compares, or chooses among: what must be there for it to ever say something. */
export function partsOf(expression: string): string[] {
  const parts: string[] = [];
  const visit = (node: SyntaxNode): void => {
    const inner = childrenOf(node);
    const isChoice = inner.some(({ name }) => CHOOSING.has(name));
    const isAbsent = node.name === "FunctionCall" && expression.startsWith("absent(", node.from);
    // The grammar gives an offset all that stands before it.
    const isOffsetOfMore =
      node.name === "OffsetExpr" && inner.some(({ name }) => name === "BinaryExpr");
    const isOuter = ["PromQL", "ParenExpr", "FunctionCallBody"].includes(node.name);
    if (isOuter || isChoice || isAbsent || isOffsetOfMore) inner.filter(isOperand).forEach(visit);
    else parts.push(expression.slice(node.from, node.to));
  };
  visit(parser.parse(expression).topNode);
  return parts;
}

const OPERANDS = new Set([
  "AggregateExpr",
  "BinaryExpr",
  "FunctionCall",
  "FunctionCallBody",
  "NumberDurationLiteral",
  "OffsetExpr",
  "ParenExpr",
  "VectorSelector",
]);

function isOperand({ name }: SyntaxNode): boolean {
  return OPERANDS.has(name);
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
