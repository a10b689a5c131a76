/** The house of docs/maintainers/architecture.md: imports go downward only. What lies on one floor does not see its neighbours. */

/** @type {readonly (readonly [room: string, floor: number])[]} */
const rooms = [
  ["index.ts", 8],
  ["cli/", 9],
  ["http.ts", 8],
  ["prometheus.ts", 8],
  ["opentelemetry.ts", 8],
  ["nats.ts", 8],
  ["nats/", 7],
  ["testing.ts", 8],
  ["formats.ts", 8],
  ["sinks/", 8],
  ["pool/", 7],
  ["source/", 6],
  ["stream/", 5],
  ["lines/", 4],
  ["formats/", 3],
  ["container/", 3],
  ["queue/", 3],
  ["checkpoint/", 3],
  ["resume/", 2],
  ["engine/", 2],
  ["delivery/", 2],
  ["files/", 2],
  ["wire/", 1],
  ["lifetime/", 1],
  ["metrics/", 1],
  ["checks.ts", 0],
  ["errors.ts", -1],
  ["printable.ts", -2],
];
/** Belongs to the entry point testing.ts and has a rule of its own: it imitates the engine and must not be made of it. */
const fakeEngine = "testing/";

/** @param {readonly string[]} names */
function anyOf(names) {
  return `^src/(${names.map((name) => (name.endsWith("/") ? name : `${name.replace(".", "\\.")}$`)).join("|")})`;
}

const known = anyOf([...rooms.map(([room]) => room), fakeEngine]);

const floors = rooms.map(([room, floor]) => ({
  name: `floor-${floor}-${room}`,
  comment: `src/${room} is on floor ${floor}: it imports from the floors below and from itself.`,
  severity: "error",
  from: { path: anyOf([room]) },
  to: {
    path: "^src/",
    pathNot: anyOf([
      room,
      ...rooms.filter(([, other]) => other < floor).map(([other]) => other),
      ...(room === "testing.ts" ? [fakeEngine] : []),
    ]),
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...floors,
    {
      name: "fake-engine-knows-wire-and-errors",
      comment:
        "The fake engine is made of its own parts, of wire, checks and errors; of engine and checkpoint it knows the types.",
      severity: "error",
      from: { path: anyOf([fakeEngine]) },
      to: {
        path: "^src/",
        pathNot: anyOf([fakeEngine, "wire/", "checks.ts", "errors.ts", "engine/", "checkpoint/"]),
      },
    },
    {
      name: "fake-engine-is-not-made-of-the-client",
      comment: "Of engine the fake engine imports types only, or both would share one mistake.",
      severity: "error",
      from: { path: anyOf([fakeEngine]) },
      to: { path: anyOf(["engine/", "checkpoint/"]), dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-room-without-a-floor",
      comment: "A new folder or file of src gets a floor in .dependency-cruiser.mjs first.",
      severity: "error",
      from: { path: "^src/", pathNot: known },
      to: {},
    },
    {
      name: "no-import-from-a-room-without-a-floor",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: known },
    },
    {
      name: "docker-modem-stays-behind-two-files",
      comment: "It is loaded by src/engine/docker-modem.ts, its ssh by src/engine/ssh-stream.ts.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/(docker-modem|ssh-stream)\\.ts$" },
      to: { path: ["^docker-modem", "node_modules/(@types/)?docker-modem/"] },
    },
    {
      name: "optional-peers-stay-behind-their-entry-points",
      comment: "Whoever imports the library alone needs none of them.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "^src/(prometheus|opentelemetry|sinks/postgres)\\.ts$|^src/(cli|nats)/",
      },
      to: {
        path: [
          "^prom-client",
          "^@opentelemetry/",
          "^@nats-io/",
          "^pg(-copy-streams)?$",
          "node_modules/(prom-client|@opentelemetry|@nats-io|(@types/)?pg(-copy-streams)?)/",
        ],
      },
    },
    {
      name: "pure-floors-do-no-io",
      comment: "wire and resume are bytes in, records out.",
      severity: "error",
      from: { path: anyOf(["wire/", "resume/"]) },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(buffer|crypto|string_decoder|util)$" },
    },
    {
      name: "no-cycle",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "src-is-shipped-alone",
      comment: "The package has neither the tests nor the development dependencies.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|examples|scripts|bench)/" },
    },
    {
      name: "no-dev-dependency-in-src",
      comment: "What the command uses is bundled with it.",
      severity: "error",
      from: { path: "^src/", pathNot: anyOf(["cli/"]) },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["type-only", "npm-peer"],
      },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ["import", "require", "node", "default", "types"],
      exportsFields: ["exports"],
    },
  },
};
