import { describe, expect, it } from "vitest";
import { refusal } from "../../../src/cli/page/guard.ts";
import type { Caller } from "../../../src/cli/page/guard.ts";

function refused(caller: Partial<Caller>, allowed: readonly string[] = []): boolean {
  const { host = "localhost:80", origin, site, localAddress = "127.0.0.1" } = caller;
  return refusal({ host, origin, site, localAddress }, allowed) !== undefined;
}

describe("whom the page answers", () => {
  it.each(["localhost", "localhost:8080", "LOCALHOST.", "127.0.0.1:1", "127.9.9.9", "[::1]:80"])(
    "answers to loopback's name %s",
    (host) => expect(refused({ host })).toBe(false),
  );

  it.each([
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.localhost",
    "192.0.2.7",
    "[2001:db8::1]",
    "localhost/evil",
    "evil@localhost",
    "evil#@localhost",
    "local host",
    "",
    ":80",
    "[::1",
  ])("refuses the name %j", (host) => expect(refused({ host })).toBe(true));

  it("refuses a request that names no host", () => {
    const caller: Caller = {
      host: undefined,
      origin: undefined,
      site: undefined,
      localAddress: "::1",
    };
    expect(refusal(caller, [])).toBeDefined();
  });

  it("answers to the address that it was asked at, and to no other", () => {
    expect(refused({ host: "192.0.2.7:80", localAddress: "192.0.2.7" })).toBe(false);
    expect(refused({ host: "192.0.2.7", localAddress: "::ffff:192.0.2.7" })).toBe(false);
    expect(refused({ host: "[2001:DB8:0::1]", localAddress: "2001:db8::1" })).toBe(false);
    expect(refused({ host: "192.0.2.8", localAddress: "192.0.2.7" })).toBe(true);
  });

  it("answers to names that it was given, with any port", () => {
    expect(refused({ host: "logs.example:8443" }, ["logs.example"])).toBe(false);
    expect(refused({ host: "Logs.Example" }, ["logs.example"])).toBe(false);
    expect(refused({ host: "other.example" }, ["logs.example"])).toBe(true);
  });

  it("refuses other origins, a neighbour on another port included", () => {
    const host = "localhost:8080";
    expect(refused({ host, origin: "http://localhost:8080" })).toBe(false);
    expect(refused({ host, origin: "https://localhost:8080" })).toBe(false);
    for (const origin of ["null", "http://localhost", "http://localhost:81", "http://evil.example"])
      expect(refused({ host, origin })).toBe(true);
  });

  it("refuses what another site makes the browser ask for", () => {
    expect(refused({ site: "same-origin" })).toBe(false);
    expect(refused({ site: "none" })).toBe(false);
    expect(refused({ site: "same-site" })).toBe(true);
    expect(refused({ site: "cross-site" })).toBe(true);
  });
});
