import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { programPath } from "../support/program-path.ts";
import { SshPeer } from "../support/ssh-peer.ts";

const run = promisify(execFile);

it("docker-modem is loaded with a connection, and its ssh client where it is asked for, whoever asks", async () => {
  await using fake = await FakeEngine.start();
  fake.create({ name: "web" }).write("hello");
  await using peer = await SshPeer.start(fake.engine);
  const program = programPath("test/engine-client/fixtures/loads-docker-modem.ts");
  const engines = JSON.stringify([fake.engine, peer.engine]);
  const { stdout } = await run(process.execPath, [program, engines], { timeout: 30_000 });
  expect(JSON.parse(stdout)).toEqual({
    lines: ["hello"],
    atFirst: [],
    behindReading: ["modem"],
    attached: "attached",
    behindAttaching: ["modem", "duplex"],
    ping: "OK",
    behindSsh: ["modem", "duplex", "ssh"],
  });
});
