import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { DISCOVERY_TRANSITIONS } from "../../src/pool/discovery/discovered-container.ts";
import type { DiscoveryChange } from "../../src/pool/discovery/channels.ts";
import { TRANSITIONS } from "../../src/source/phase.ts";
import type { PhaseChange } from "../../src/source/channels.ts";

/** Every transition that happens in a test is one of the tables'; which ones did is noted for the whole run. */
const taken = new Set<string>();
const unknown = new Set<string>();

function note(table: string, from: string, to: string, isListed: boolean): void {
  const name = `${table}: ${from} → ${to}`;
  taken.add(name);
  if (!isListed) unknown.add(name);
}

function notePhase(message: unknown): void {
  const { from, to } = message as PhaseChange;
  note("phase", from.type, to.type, TRANSITIONS[from.type].includes(to.type));
}

function noteDiscovery(message: unknown): void {
  const { from, to } = message as DiscoveryChange;
  note("discovery", from.kind, to.kind, DISCOVERY_TRANSITIONS[from.kind].includes(to.kind));
}

beforeAll(() => {
  subscribe("dockspool:phase", notePhase);
  subscribe("dockspool:discovered-container", noteDiscovery);
});

afterEach(() => {
  const found = [...unknown];
  unknown.clear();
  expect(found, "transitions that the tables do not list").toEqual([]);
});

afterAll(() => {
  unsubscribe("dockspool:phase", notePhase);
  unsubscribe("dockspool:discovered-container", noteDiscovery);
  const file = inject("transitions");
  if (file !== undefined && taken.size > 0) appendFileSync(file, `${[...taken].join("\n")}\n`);
});

declare module "vitest" {
  interface ProvidedContext {
    /** Where a run notes what it took; undefined where nobody asks. */
    transitions: string | undefined;
  }
}
