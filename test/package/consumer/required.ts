// The same package by TypeScript's own form of require().
import dockspool = require("dockspool");
import testing = require("dockspool/testing");

export async function follow(): Promise<string[]> {
  await using fake = await testing.FakeEngine.start();
  fake.create({ name: "web" }).write("hello");
  const given: dockspool.SourceOptions = { engine: fake.engine, follow: false };
  const lines: string[] = [];
  for await (const record of new dockspool.ContainerLogSource("web", given))
    lines.push(record.line);
  return lines;
}

export function isOurs(error: unknown): dockspool.ErrorCode | undefined {
  return dockspool.DockspoolError.is(error) ? error.code : undefined;
}
