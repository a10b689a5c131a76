// Both builds in one process: each recognises the other's errors.
import { createRequire } from "node:module";
import * as imported from "dockspool";
import { FakeEngine } from "dockspool/testing";

const require = createRequire(import.meta.url);
const required = require("dockspool");

function errorOf({ ContainerLogSource }) {
  try {
    new ContainerLogSource("");
  } catch (error) {
    return error;
  }
}

const byImport = errorOf(imported);
const byRequire = errorOf(required);
console.log(
  JSON.stringify({
    areTwoBuilds: imported.DockspoolError !== required.DockspoolError,
    importKnowsRequired: imported.DockspoolError.is(byRequire, "INVALID_OPTION"),
    requireKnowsImported: required.DockspoolError.is(byImport, "INVALID_OPTION"),
    importKnowsOthers: imported.DockspoolError.is(new Error("other")),
    codesDiffer: imported.DockspoolError.is(byRequire, "CLOSED"),
    sameNames: Object.keys(imported).sort().join() === Object.keys(required).sort().join(),
    testingIsTwo: FakeEngine !== require("dockspool/testing").FakeEngine,
  }),
);
