import { parser } from "@prometheus-io/lezer-promql";

/** A series, as an expression chooses it. */
export interface Selection {
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
