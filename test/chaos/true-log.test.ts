import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const ID = "a".repeat(64);

function entry(number: number): string {
  const time = `2026-01-01T00:00:0${number}.000000001Z`;
  return `${JSON.stringify({ log: `${number}\n`, stream: "stdout", time })}\n`;
}

test("a part of a Podman's line is joined with what comes behind it, also in the file that takes its place", async () => {
  const { TrueLog } = await import("../../chaos/true-log.ts");
  const root = mkdtempSync(join(tmpdir(), "dp-true-log-"));
  try {
    const folder = join(root, "overlay-containers", ID, "userdata");
    mkdirSync(folder, { recursive: true });
    const current = join(folder, "ctr.log");
    const log = new TrueLog(root, ID, "k8s-file", join(root, "kept"));
    const time = "2026-01-01T00:00:01.000000001+00:00";
    writeFileSync(current, `${time} stdout F a\n${time} stdout P b\n${time} stderr F e\n`);
    log.look();
    writeFileSync(`${current}.tmp`, `${time} stdout F c\n${time} stdout F d\n`);
    renameSync(`${current}.tmp`, current);
    log.look();
    const lines = log.lines(false);
    expect(lines.map(({ stream, line }) => `${stream} ${line}`)).toEqual([
      "stdout a",
      "stderr e",
      "stdout bc",
      "stdout d",
    ]);
    // They are told apart, though all have one time.
    expect(lines.map(({ droppedAt }) => droppedAt !== undefined)).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(new Set(lines.map(({ timestamp }) => timestamp))).toEqual(
      new Set(["2026-01-01T00:00:01.000000001Z"]),
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("files that have the inode of a compressed one, which is gone, are known", async () => {
  const { TrueLog } = await import("../../chaos/true-log.ts");
  const root = mkdtempSync(join(tmpdir(), "dp-true-log-"));
  try {
    const folder = join(root, "containers", ID);
    mkdirSync(folder, { recursive: true });
    const current = join(folder, `${ID}-json.log`);
    const log = new TrueLog(root, ID, "json-file", join(root, "kept"));
    writeFileSync(current, entry(3));
    writeFileSync(`${current}.1.gz`, gzipSync(entry(1)));
    log.look();
    rmSync(`${current}.1.gz`);
    writeFileSync(`${current}.1.gz`, gzipSync(entry(2)));
    log.look();
    rmSync(`${current}.1.gz`);
    renameSync(current, `${current}.1`);
    writeFileSync(current, entry(4));
    log.look();
    expect(log.lines(false).map(({ line }) => line)).toEqual(["1", "2", "3", "4"]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
