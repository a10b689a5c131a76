// Prepares a release, or checks that a package may be published. docs/maintainers/releasing.md tells the steps.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { parser } from "keep-a-changelog";
import { bumped, placeholders, released } from "./release/version.ts";

const root = join(import.meta.dirname, "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");
const git = (...args: readonly string[]): string =>
  execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function currentVersion(): string {
  const { version }: { version: string } = JSON.parse(read("package.json"));
  return version;
}

function check(): void {
  const found = ["package.json", "README.md", "CONTRIBUTING.md", "SECURITY.md"].filter((name) =>
    placeholders(read(name)),
  );
  if (found.length > 0)
    fail(
      `The placeholder github.com/OWNER is still in ${found.join(", ")}: see docs/maintainers/releasing.md.`,
    );
  const version = currentVersion();
  const release = parser(read("CHANGELOG.md")).findRelease(version);
  if (release?.date === undefined) fail(`CHANGELOG.md has no release ${version} with a date.`);
}

function prepare(step: string): void {
  if (git("status", "--porcelain") !== "") fail("The working tree has changes: commit them first.");
  const version = bumped(currentVersion(), step);
  if (version === undefined) fail(`${step} is neither major, minor, patch nor a later version.`);
  if (git("tag", "--list", `v${version}`) !== "") fail(`The tag v${version} exists.`);
  const changelog = released(read("CHANGELOG.md"), version, new Date());
  if (changelog === undefined) fail("CHANGELOG.md has nothing under Unreleased.");
  writeFileSync(join(root, "CHANGELOG.md"), changelog);
  execFileSync("npm", ["version", version, "--no-git-tag-version"], { cwd: root });
  execFileSync("npx", ["oxfmt", "CHANGELOG.md"], { cwd: root });
  git("commit", "--all", "--message", `Version ${version}`);
  git("tag", "--annotate", `v${version}`, "--message", `Version ${version}`);
  console.log(
    `Version ${version} is committed and tagged. Look at it, then: git push --follow-tags`,
  );
}

const program = new Command("npm run release --").description("Prepares a release.");
program
  .argument("<step>", "major, minor, patch, or a version")
  .action((step: string) => prepare(step));
program.command("check").description("Fails where the package may not be published.").action(check);
program
  .command("notes")
  .description("Prints the changelog of the newest release.")
  .action(() =>
    console.log(parser(read("CHANGELOG.md")).findRelease(currentVersion())?.toString()),
  );
program.parse();
