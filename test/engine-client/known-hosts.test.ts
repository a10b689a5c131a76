import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, knownKeys } from "../../src/engine/known-hosts.ts";

const key = Buffer.from("a key of the host's");
const other = Buffer.from("another key");

function line(hosts: string, of: Buffer = key): string {
  return `${hosts} ssh-ed25519 ${of.toString("base64")} a comment\n`;
}

function verdict(text: string, host = "box.example", port = 22): string {
  return judge(knownKeys(text, host, port), key);
}

describe("known_hosts", () => {
  it.each([
    ["box.example", "known"],
    ["BOX.example,10.0.0.5", "known"],
    ["*.example", "known"],
    ["box.e?ample", "known"],
    ["*.example,!box.example", "unknown"],
    ["box.example.org", "unknown"],
    ["[box.example]:2222", "unknown"],
    ["#box.example", "unknown"],
    ["@cert-authority box.example", "unknown"],
    ["@revoked box.example", "changed"],
  ])("with the name %j: %s", (hosts, expected) => {
    expect(verdict(line("elsewhere", other) + line(hosts))).toBe(expected);
  });

  it("has another port with brackets", () => {
    expect(verdict(line("[box.example]:2222"), "box.example", 2222)).toBe("known");
    expect(verdict(line("box.example"), "box.example", 2222)).toBe("unknown");
  });

  it("with another key of the host's tells of a change, and with both of none", () => {
    expect(verdict(line("box.example", other))).toBe("changed");
    expect(verdict(line("box.example", other) + line("box.example"))).toBe("known");
    expect(verdict(line("box.example") + line("@revoked *"))).toBe("changed");
  });

  it("may hold anything", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(65_535), (text, host, port) => {
        expect(["known", "changed", "unknown"]).toContain(verdict(text, host, port));
      }),
    );
  });

  it.skipIf(!existsSync("/usr/bin/ssh-keygen"))(
    "is read where ssh-keygen has hashed it",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "dockspool-known-"));
      try {
        const path = join(folder, "known_hosts");
        const args = ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")];
        await promisify(execFile)("ssh-keygen", args);
        const [type, base64] = (await readFile(join(folder, "key.pub"), "utf8")).split(" ");
        await writeFile(path, `box.example,[10.0.0.5]:2222 ${type} ${base64}\n`);
        await promisify(execFile)("ssh-keygen", ["-H", "-f", path]);
        const text = await readFile(path, "utf8");
        expect(text).toMatch(/^\|1\|/);
        const wanted = { type, key: Buffer.from(base64 ?? "", "base64"), isRevoked: false };
        expect(knownKeys(text, "box.example", 22)).toEqual([wanted]);
        expect(knownKeys(text, "10.0.0.5", 2222)).toEqual([wanted]);
        expect(knownKeys(text, "10.0.0.5", 22)).toEqual([]);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});
