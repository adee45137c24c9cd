import type { Command } from "commander";
import { EXAMPLE_CONFIG } from "../config/example.ts";
import { loadConfig } from "../config/load.ts";
import { renderConfigReference } from "../config/reference.ts";
import { formatProblem } from "../std/problem.ts";
import type { CliContext } from "./cli-context.ts";
import { EXIT } from "./exit-code.ts";

/** The commands that work without a daemon. */
export function addConfigCommands(program: Command, context: CliContext): void {
  const config = program.command("config").description("check or explain the configuration; needs no daemon");

  config
    .command("check")
    .description("report everything that is wrong with the configuration and its profiles; exit code 2 if anything is")
    .action(async () => {
      const loaded = await loadConfig(context.configFile);
      const checked = loaded.ok ? await context.io.checkSettings?.(context.configFile) : undefined;
      const problems = loaded.ok ? (checked?.problems ?? []) : loaded.error;
      const warnings = checked?.warnings ?? [];
      const slots = loaded.ok ? loaded.value.config.slots.length : 0;
      const profiles = loaded.ok ? loaded.value.profiles.map(({ name }) => name) : [];
      const isGood = problems.length === 0;
      if (!isGood) context.exitCode = EXIT.usage;
      context.print({ ok: isGood, file: context.configFile, problems, warnings, slots, profiles }, () => {
        const good = `${context.configFile} is good: ${slots} slots, profiles ${profiles.join(", ") || "none"}\n`;
        const said = [
          ...problems.map(formatProblem),
          ...warnings.map((warning) => `warning: ${formatProblem(warning)}`),
        ];
        return said.map((line) => `${line}\n`).join("") + (isGood ? good : "");
      });
    });

  config
    .command("reference")
    .description("explain every setting")
    .action(() => {
      const reference = renderConfigReference();
      context.print({ reference }, () => reference);
    });

  config
    .command("example")
    .description("print a configuration to start from")
    .action(() => context.print({ example: EXAMPLE_CONFIG }, () => EXAMPLE_CONFIG));
}
