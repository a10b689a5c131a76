import { statfs } from "node:fs/promises";

/** Types of file systems that keep what was just written in this machine's memory (statfs(2), linux/magic.h). */
const LOCAL: ReadonlySet<bigint> = new Set([
  0xef53n, // ext2, ext3, ext4
  0x58465342n, // xfs
  0x9123683en, // btrfs
  0xf2f52010n, // f2fs
  0x2fc12fc1n, // zfs
  0xca451a4en, // bcachefs
  0x794c7630n, // overlayfs
  0x01021994n, // tmpfs
]);

/** Network file systems, and those of a program's, may keep a reader waiting for as long as they like. */
export async function isOnLocalDisk(path: string): Promise<boolean> {
  try {
    const { type } = await statfs(path, { bigint: true });
    return LOCAL.has(type);
  } catch {
    return false;
  }
}
