#!/usr/bin/env node
import { runCli } from "./cli/cli.ts";
import { terminalIo } from "./cli/terminal-io.ts";
import { serve } from "./daemon.ts";
import { VERSION } from "./version.ts";

process.exitCode = await runCli(process.argv.slice(2), terminalIo({ version: VERSION, serve }));
