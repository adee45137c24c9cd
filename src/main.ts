#!/usr/bin/env node
import { runCli } from "./cli/cli.ts";
import { terminalIo } from "./cli/terminal-io.ts";
import { VERSION } from "./version.ts";

/** Of the daemon, commands load what they need when they need it: most need nothing. */
async function serve(configPath: string) {
  return await (await import("./daemon.ts")).serve(configPath);
}

/** The same look at the configuration that the daemon takes at its start. */
async function checkSettings(path: string) {
  const { loadSettings, missingImages, settingsWarnings } = await import("./daemon-settings.ts");
  const settings = await loadSettings(path);
  return settings.ok
    ? { problems: [], warnings: [...settingsWarnings(settings.value), ...(await missingImages(settings.value))] }
    : { problems: settings.error, warnings: [] };
}

async function imageUses(path: string) {
  return await (await import("./daemon-settings.ts")).imageUses(path);
}

process.exitCode = await runCli(
  process.argv.slice(2),
  terminalIo({ version: VERSION, serve, checkSettings, imageUses }),
);
