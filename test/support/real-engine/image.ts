import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { callApi, mustCallApi } from "./api.ts";

/** A named pipe in each container that nothing ever comes from. */
export const PAUSE_FIFO = "/tmp/pause";

/** Makes the image `bb:1` from a static busybox: no registry is needed. */
export async function importImage(
  socketPath: string,
  busybox: string,
  folder: string,
): Promise<void> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  await copyFile(busybox, join(bin, "busybox"));
  const { stdout } = await promisify(execFile)(busybox, ["--list"]);
  const applets = stdout.split("\n").filter((name) => name !== "" && name !== "busybox");
  await Promise.all(applets.map((applet) => symlink("busybox", join(bin, applet))));
  await mkdir(join(folder, "tmp"), { mode: 0o777 });
  await promisify(execFile)("mkfifo", [join(folder, PAUSE_FIFO)]);

  const tar = spawn("tar", ["-C", folder, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(tar, "exit");
  await mustCallApi(socketPath, {
    method: "POST",
    path: "/images/create?fromSrc=-&repo=bb&tag=1",
    body: tar.stdout,
  });
  await ended;
  // Podman 4.3 takes no notice of the tag.
  const latest = await callApi(socketPath, { method: "GET", path: "/images/bb:latest/json" });
  if (latest.status === 200)
    await mustCallApi(socketPath, { method: "POST", path: "/images/bb:latest/tag?repo=bb&tag=1" });
  await mustCallApi(socketPath, { method: "GET", path: "/images/bb:1/json" });
}
