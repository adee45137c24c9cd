#!/usr/bin/env node
import { runCli } from "./cli/cli.ts";
import { terminalIo } from "./cli/terminal-io.ts";
import { serve } from "./daemon.ts";
import { imageUses, loadSettings, missingImages, settingsWarnings } from "./daemon-settings.ts";
import { VERSION } from "./version.ts";

/** The same look at the configuration that the daemon takes at its start. */
async function checkSettings(path: string) {
  const settings = await loadSettings(path);
  return settings.ok
    ? { problems: [], warnings: [...settingsWarnings(settings.value), ...(await missingImages(settings.value))] }
    : { problems: settings.error, warnings: [] };
}

process.exitCode = await runCli(
  process.argv.slice(2),
  terminalIo({ version: VERSION, serve, checkSettings, imageUses }),
);
