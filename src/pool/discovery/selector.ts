import { COMPOSE_LABELS, SWARM_LABELS } from "../../engine/details.ts";
import { invalidOption } from "../../errors.ts";
import { checkKeys, isOptions, ownRegExp } from "../../checks.ts";
import type { ContainerInfo } from "../../wire/records.ts";

/** A string with `*` as wildcard for any characters, which matches the whole text, or an expression. */
export type Pattern = string | RegExp;

/** Which containers: of each field given, one pattern must match. */
export interface ContainerSelector {
  /** Of one of these names. */
  names?: Pattern | readonly Pattern[];
  /** As the container was created with: "nginx:1.27", "registry.example/team/app:*". */
  images?: Pattern | readonly Pattern[];
  /** All must match; true: the label exists. */
  labels?: Readonly<Record<string, Pattern | true>>;
  /** By the labels that Docker Compose sets. */
  compose?: { project?: Pattern; service?: Pattern };
  /** Of one of these services of Docker Swarm, by their full names: "stack_web" for the service web of a stack. */
  service?: Pattern | readonly Pattern[];
  /** What matches any of these fields is left out. */
  exclude?: Omit<ContainerSelector, "exclude">;
}

type Test = (container: ContainerInfo) => boolean;

export const SELECTOR_FIELDS: readonly (keyof ContainerSelector)[] = [
  "names",
  "images",
  "labels",
  "compose",
  "service",
  "exclude",
];
const COMPOSE_FIELDS = ["project", "service"] as const;

/** What a selector says of a container. @throws DockspoolError INVALID_OPTION */
export function compileSelector(select: ContainerSelector | Test): Test {
  if (typeof select === "function") return select;
  checkKeys("select", select, SELECTOR_FIELDS);
  const { exclude = {}, ...include } = select;
  checkKeys(
    "select.exclude",
    exclude,
    SELECTOR_FIELDS.filter((field) => field !== "exclude"),
  );
  const tests = testsOf("select", include);
  const excluding = testsOf("select.exclude", exclude);
  return (container) =>
    tests.every((test) => test(container)) && !excluding.some((test) => test(container));
}

/** Whether a container's name alone says that it is left out. */
export function compileExclusion(select: ContainerSelector | Test): (name: string) => boolean {
  if (typeof select === "function") return () => false;
  const { names, exclude } = select;
  const isIncluded = names === undefined ? undefined : anyOf("select.names", names);
  const isExcluded =
    exclude?.names === undefined ? undefined : anyOf("select.exclude.names", exclude.names);
  return (name) => isIncluded?.(name) === false || isExcluded?.(name) === true;
}

function testsOf(option: string, selector: Omit<ContainerSelector, "exclude">): Test[] {
  const { names, images, labels, compose, service } = selector;
  const tests: Test[] = [];
  if (names !== undefined) {
    const matches = anyOf(`${option}.names`, names);
    tests.push(({ name }) => matches(name));
  }
  if (images !== undefined) {
    const matches = anyOf(`${option}.images`, images);
    tests.push(({ image }) => matches(image));
  }
  if (labels !== undefined) {
    if (!isOptions(labels))
      throw invalidOption(`${option}.labels`, labels, "an object of patterns by labels");
    tests.push(
      ...allOf(
        Object.entries(labels).map(([label, pattern]) =>
          labelTest(`${option}.labels.${label}`, label, pattern),
        ),
      ),
    );
  }
  if (compose !== undefined) {
    checkKeys(`${option}.compose`, compose, COMPOSE_FIELDS);
    const fields = COMPOSE_FIELDS.map((field) => {
      const pattern = compose[field];
      return pattern === undefined
        ? undefined
        : labelTest(`${option}.compose.${field}`, COMPOSE_LABELS[field], pattern);
    });
    tests.push(...allOf(fields.filter((test) => test !== undefined)));
  }
  if (service !== undefined) {
    const matches = anyOf(`${option}.service`, service);
    tests.push(({ labels: all }) => {
      const name = Object.hasOwn(all, SWARM_LABELS.service) ? all[SWARM_LABELS.service] : undefined;
      return name !== undefined && matches(name);
    });
  }
  return tests;
}

/** One test of several; none of none. */
function allOf(tests: readonly Test[]): Test[] {
  return tests.length === 0 ? [] : [(container) => tests.every((test) => test(container))];
}

function labelTest(option: string, label: string, pattern: Pattern | true): Test {
  if (pattern === true) return ({ labels }) => Object.hasOwn(labels, label);
  const matches = compilePattern(option, pattern);
  return ({ labels }) => {
    const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
    return value !== undefined && matches(value);
  };
}

function anyOf(option: string, patterns: Pattern | readonly Pattern[]): (text: string) => boolean {
  const all: readonly Pattern[] = isList(patterns) ? patterns : [patterns];
  const tests = all.map((pattern) => compilePattern(option, pattern));
  return (text) => tests.some((test) => test(text));
}

function isList(patterns: Pattern | readonly Pattern[]): patterns is readonly Pattern[] {
  return Array.isArray(patterns);
}

function compilePattern(option: string, pattern: Pattern): (text: string) => boolean {
  // A global or sticky expression remembers where it was.
  const expression = ownRegExp(pattern, /[gy]/g);
  if (expression !== undefined) return (text) => expression.test(text);
  if (typeof pattern !== "string") {
    throw invalidOption(option, pattern, "strings, with * as wildcard, and expressions");
  }
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (text) => text === first;
  return (text) => matchesParts(text, first, rest, last);
}

/** In time linear in the text: the leftmost place of each part leaves the most room for the next. */
function matchesParts(
  text: string,
  first: string,
  middle: readonly string[],
  last: string,
): boolean {
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of middle) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
