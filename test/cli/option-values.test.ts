import { describe, expect, test } from "vitest";
import {
  expression,
  label,
  listenAddress,
  seconds,
  since,
  tail,
  wholeNumber,
} from "../../src/cli/option-values.ts";

describe("an option's value", () => {
  const now = Date.parse("2026-11-28T12:00:00Z");

  test.each([
    ["90s", "2026-11-28T11:58:30.000Z"],
    ["10m", "2026-11-28T11:50:00.000Z"],
    ["1h30m", "2026-11-28T10:30:00.000Z"],
    ["2d", "2026-11-26T12:00:00.000Z"],
    ["0.5h", "2026-11-28T11:30:00.000Z"],
    ["2026-11-28", "2026-11-28T00:00:00Z"],
    ["2026-11-28T15:00:00+02:00", "2026-11-28T13:00:00Z"],
    ["2026-11-28T15:00:00.123456789Z", "2026-11-28T15:00:00.123456789Z"],
  ])("says since when: %s", (given, time) => {
    expect(Date.parse(since("--since", given, now))).toBe(Date.parse(time));
  });

  test("is a label with or without its value, and labels add up", () => {
    const one = label("--label", "team");
    expect(label("--label", "app=web=1", one)).toEqual({ team: true, app: "web=1" });
    expect(label("--label", "empty=")).toEqual({ empty: "" });
  });

  test("is an expression as it is, or with flags", () => {
    expect(expression("--grep", "a/b")).toEqual(/a\/b/);
    expect(expression("--grep", "/error|warn/i")).toEqual(/error|warn/i);
    expect(expression("--grep", "/error|warn/gi")).toEqual(/error|warn/i);
    expect(expression("--grep", "/var/log/")).toEqual(/var\/log/);
  });

  test("is an address to listen on, of this machine alone where no host is given", () => {
    expect(listenAddress("--metrics", "9090")).toEqual({ host: "127.0.0.1", port: 9090 });
    expect(listenAddress("--metrics", "0.0.0.0:9090")).toEqual({ host: "0.0.0.0", port: 9090 });
    expect(listenAddress("--metrics", "[::1]:0")).toEqual({ host: "::1", port: 0 });
    expect(listenAddress("--metrics", "box-1.lan:80")).toEqual({ host: "box-1.lan", port: 80 });
  });

  test("is a number, with its unit", () => {
    expect(tail("--tail", "all")).toBe("all");
    expect(tail("--tail", "0")).toBe(0);
    expect(wholeNumber("--from-sequence", "5000000000", 1, "", 1e10)).toBe(5_000_000_000);
    expect(seconds("--rotate-every", "0.5")).toBe(500);
  });

  test.each([
    [() => tail("--tail", "x"), 'Option --tail was given "x"; allowed: a whole number from 0'],
    [() => tail("--tail", "-1"), '"-1"'],
    [() => wholeNumber("--max-streams", "0", 1), "from 1"],
    [() => wholeNumber("--max-streams", "1000000000", 1), "to 999999999"],
    [() => seconds("--rotate-every", "0"), "seconds from 0.1 to 86400"],
    [() => seconds("--rotate-every", "1e3"), '"1e3"'],
    [() => since("--since", "yesterday"), "how long ago"],
    [() => since("--since", "2026-13-01"), "how long ago"],
    [() => expression("--grep", "("), "a regular expression"],
    [() => listenAddress("--metrics", "65536"), "a port from 0 to 65535"],
    [() => listenAddress("--metrics", "web*"), "a port from 0 to 65535"],
    [() => label("--label", "=x"), "KEY or KEY=VALUE"],
  ])("that is wrong is named with what is allowed", (read, words) => {
    expect(read).toThrow(words);
  });
});
