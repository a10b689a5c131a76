#!/usr/bin/env node
import process from "node:process";
import manifest from "../../package.json" with { type: "json" };
import { runCommand } from "./command.ts";

process.exitCode = await runCommand(process.argv.slice(2), manifest.version, process);
