import type { Command } from "commander";
import { addAnswerCommands } from "./answer-commands.ts";
import { addBackupCommands } from "./backup-commands.ts";
import type { CliContext } from "./cli-context.ts";
import { addConfigCommands } from "./config-commands.ts";
import { addDoctorCommand } from "./doctor-command.ts";
import { EXIT_CODE_WORDS } from "./exit-code.ts";
import { addImageCommands } from "./image-commands.ts";
import { addLookCommands } from "./look-commands.ts";
import { addOrderCommands } from "./order-commands.ts";
import { addPowerCommands } from "./power-command.ts";
import { addRebuildCommand } from "./rebuild-command.ts";
import { addTlsCommands } from "./tls-commands.ts";
import { addWatchCommand } from "./watch-command.ts";

/** Every command and option. Nothing runs until it is parsed; the reference page is made from it. */
export function addCommands(program: Command, context: CliContext): Command {
  program
    .name("bootqueue")
    .description("A netboot appliance: racks of machines install themselves, one slot after another.")
    .version(context.io.version, "--version", "print the version")
    .helpOption("--help", "explain a command")
    .helpCommand("help [command]", "explain a command")
    .option("--config <file>", "the configuration (default: $BOOTQUEUE_CONFIG or /etc/bootqueue/bootqueue.toml)")
    .option("--socket <path>", "the daemon's Unix socket (default: operator.socket of the configuration)")
    .option("--json", "JSON on standard output instead of words")
    .option("--yes", "do not ask before something is wiped or released")
    .showSuggestionAfterError()
    .addHelpText("after", ({ command }) => `\nExit codes:\n${exitCodeLines(command, context.io.columns() ?? 100)}`);

  program
    .command("serve")
    .description("run the daemon in the foreground, as systemd does")
    .action(async () => {
      context.exitCode = await context.io.serve(context.configFile);
    });
  addLookCommands(program, context);
  addAnswerCommands(program, context);
  addWatchCommand(program, context);
  addOrderCommands(program, context);
  addRebuildCommand(program, context);
  addPowerCommands(program, context);
  addImageCommands(program, context);
  addTlsCommands(program, context);
  addConfigCommands(program, context);
  addBackupCommands(program, context);
  addDoctorCommand(program, context);
  return program;
}

function exitCodeLines(command: Command, width: number): string {
  const help = command.createHelp();
  help.prepareContext({ helpWidth: width });
  return Object.entries(EXIT_CODE_WORDS)
    .map(([code, words]) => help.formatItem(code, code.length, words, help))
    .join("\n");
}
