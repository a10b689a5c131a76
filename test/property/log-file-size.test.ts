/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logFileBytes, parseSize } from "../../src/engine/log-file-size.ts";
import { propertyRuns } from "../support/size.ts";

const numRuns = propertyRuns({ short: 300, long: 3_000 });
const UNITS = ["", "k", "m", "g", "t", "p"];

const randomCase = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) =>
      Array.from(text, (letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join(""),
    );

describe("max-size", () => {
  it("is understood in every form that the engine takes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9_999 }),
        fc.option(fc.integer({ min: 0, max: 999 }), { nil: undefined }),
        fc.constantFrom("", " "),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom("", "b", "ib").chain(randomCase),
        fc.boolean(),
        (whole, fraction, space, power, end, isUpper) => {
          const number = fraction === undefined ? `${whole}` : `${whole}.${fraction}`;
          const unit = UNITS[power] ?? "";
          const text = `${number}${space}${isUpper ? unit.toUpperCase() : unit}${end}`;
          expect(parseSize(text)).toBe(Math.trunc(Number(number) * 1_000 ** power));
        },
      ),
      { numRuns },
    );
  });

  it.each([
    ["10m", 10_000_000],
    ["10mb", 10_000_000],
    ["10MiB", 10_000_000],
    ["0.5g", 500_000_000],
    [".5k", 500],
    ["5.", 5],
    ["10 m", 10_000_000],
    ["1t", 1e12],
    ["1.5G", 1_500_000_000],
    ["1e3", 1_000],
    ["64", 64],
    ["0.1", 1],
  ])("%j is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    "",
    "m",
    "-1",
    "-5m",
    "0",
    "0m",
    "10x",
    "10mbb",
    "10  m",
    " 10m",
    "1.2.3m",
    "ten",
    "1e999",
  ])("%j is no size", (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe("the size of a log's files", () => {
  const of = (driver: string, config: Record<string, string> = {}, isDocker = true): unknown =>
    logFileBytes(driver, config, isDocker);

  it("is what max-size says, where the driver heeds it", () => {
    expect(of("json-file", { "max-size": "10m" })).toBe(10_000_000);
    expect(of("local", { "max-size": "1m" })).toBe(1_000_000);
    expect(of("local")).toBe(20_000_000);
    expect(of("json-file")).toBeUndefined();
    expect(of("journald")).toBeUndefined();
    expect(of("none")).toBeUndefined();
    expect(of("")).toBeUndefined();
  });

  it("is the cache's with drivers that send logs elsewhere, whatever max-size says", () => {
    for (const driver of ["syslog", "fluentd", "awslogs", "gelf", "splunk", "loki:latest"]) {
      expect(of(driver)).toBe(20_000_000);
      expect(of(driver, { "max-size": "500m" })).toBe(20_000_000);
      expect(of(driver, { "cache-disabled": "true" })).toBeUndefined();
      expect(of(driver, { "cache-disabled": "false" })).toBe(20_000_000);
    }
  });

  it("is not known of Podman but by max-size: it has no cache", () => {
    expect(of("k8s-file", {}, false)).toBeUndefined();
    expect(of("json-file", { "max-size": "1m" }, false)).toBe(1_000_000);
  });
});
