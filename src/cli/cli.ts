import { Command, CommanderError } from "commander";
import { CliContext, type GlobalOptions } from "./cli-context.ts";
import type { CliIo } from "./cli-io.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { addCommands } from "./program.ts";

/**
 * Runs one command line. `argv`: the arguments alone, without `node` and the script. The answer is the exit code;
 * what it rejects with is our own mistake.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const program = new Command();
  const context = new CliContext(io, () => program.opts<GlobalOptions>());
  // Before the commands are added: each takes these over when it is made.
  program
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHelpWidth: () => io.columns() ?? 100,
      getErrHelpWidth: () => io.columns() ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  addCommands(program, context);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return context.exitCode;
  } catch (cause) {
    // Commander has already said what is wrong, or shown its help.
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(cause instanceof CliFailure)) throw cause;
    if (context.json) {
      io.err(`${JSON.stringify({ error: cause.message, hint: cause.hint, exitCode: cause.code })}\n`);
    } else {
      io.err(`bootqueue: ${cause.message}\n${cause.hint === "" ? "" : `  ${cause.hint}\n`}`);
    }
    return cause.code;
  }
}
