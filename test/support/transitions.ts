import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { TRANSITIONS } from "../../src/source/phase.ts";
import type { PhaseChange } from "../../src/source/phase.ts";

/** Every transition that happens in a test is one of the table's; which ones did is noted for the whole run. */
const taken = new Set<string>();
const unknown = new Set<string>();

function note(message: unknown): void {
  const { from, to } = message as PhaseChange;
  const name = `${from.type} → ${to.type}`;
  taken.add(name);
  if (!TRANSITIONS[from.type].includes(to.type)) unknown.add(name);
}

beforeAll(() => subscribe("dockspool:phase", note));

afterEach(() => {
  const found = [...unknown];
  unknown.clear();
  expect(found, "transitions that src/source/phase.ts does not list").toEqual([]);
});

afterAll(() => {
  unsubscribe("dockspool:phase", note);
  const file = inject("transitions");
  if (taken.size > 0) appendFileSync(file, `${[...taken].join("\n")}\n`);
});

declare module "vitest" {
  interface ProvidedContext {
    transitions: string;
  }
}
