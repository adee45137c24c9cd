import { Readable } from "node:stream";
import { Command } from "commander";
import { CliContext } from "./cli-context.ts";
import { EXIT_CODE_WORDS } from "./exit-code.ts";
import { addCommands } from "./program.ts";

/** `docs/reference/cli.md`: what `--help` says of every command. */
export function renderCliReference(): string {
  const program = new Command().configureOutput({ getOutHelpWidth: () => 100, getOutHasColors: () => false });
  const context = new CliContext(NOBODY, () => ({}));
  addCommands(program, context);
  return `# The command

<!-- Made from the commands in \`src/cli/\` by \`npm run docs\`. Change them, not this page. -->

\`bootqueue\` talks to the daemon over its Unix socket, which only root can open. Lists are for people; with \`--json\` every
command prints JSON for programs instead, and on failure \`{ "error", "hint", "exitCode" }\` on standard error.

Whatever wipes or releases something shows which machine or slot it is about and asks. Where nobody can be asked, in a
script, it does nothing without \`--yes\`.

## Exit codes

| Code | Meaning |
| --- | --- |
${Object.entries(EXIT_CODE_WORDS)
  .map(([code, words]) => `| ${code} | ${words} |`)
  .join("\n")}

## bootqueue

These options are understood by every command, before its name or after.

${block(program.helpInformation())}
${leavesOf(program).map(renderCommand).join("\n")}`;
}

function renderCommand(command: Command): string {
  return `## ${pathOf(command)}\n\n${block(command.helpInformation())}`;
}

/** Every command that does something, as deep as they go. */
function leavesOf(command: Command): readonly Command[] {
  return command.commands.flatMap((each) => (each.commands.length > 0 ? leavesOf(each) : [each]));
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function block(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}

/** Nothing is run, so nothing is asked of the world. */
const NOBODY = {
  version: "",
  out: () => {},
  err: () => {},
  outIsTerminal: false,
  errIsTerminal: false,
  stdin: Readable.from([]),
  canAsk: false,
  columns: () => null,
  rows: () => null,
  ask: async () => null,
  now: () => 0,
  onInterrupt: () => () => {},
  environment: {},
  serve: async () => 0,
};
