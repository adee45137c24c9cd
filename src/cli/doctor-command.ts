import { access, constants } from "node:fs/promises";
import type { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import type { DaemonAnswer, DaemonSilence } from "../doctor/daemon-check.ts";
import type { Finding } from "../doctor/finding.ts";
import type { StatusView } from "../http/contract.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { CliContext } from "./cli-context.ts";
import type { OperatorClient } from "./client.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { oneLine } from "./table.ts";

/** `bootqueue doctor`: works with and without a daemon. */
export function addDoctorCommand(program: Command, context: CliContext): void {
  program
    .command("doctor")
    .description(
      "look for what keeps machines from booting: configuration, interface, disk, boot files, blocked ports, other DHCP servers; changes nothing, needs no daemon; exit code 1 if there is a problem",
    )
    .action(async () => {
      // Only here: neither the daemon nor any other command loads the packages that it looks with.
      const { examine } = await import("../doctor/examine.ts");
      const file = context.configFile;
      const loaded = await loadConfig(file);
      const checked = loaded.ok ? await context.io.checkSettings?.(file) : undefined;
      const client = await context.client().catch(() => null);
      const findings = await examine({
        checked: {
          file,
          slots: loaded.ok ? loaded.value.config.slots.length : 0,
          problems: loaded.ok ? (checked?.problems ?? []) : loaded.error,
          warnings: checked?.warnings ?? [],
        },
        config: loaded.ok ? loaded.value.config : null,
        socket: client?.socket ?? null,
        askDaemon: () => askDaemon(client),
        nowMs: context.io.now(),
      });
      const isWell = findings.every(({ level }) => level !== "problem");
      if (!isWell) context.exitCode = EXIT.refused;
      context.print({ ok: isWell, findings }, () => findings.map(renderFinding).join(""));
    });
}

function renderFinding({ level, what, words, todo }: Finding): string {
  return `${level.padEnd("problem".length)}  ${oneLine(`${what}: ${words}${todo === "" ? "" : `; ${todo}`}`)}\n`;
}

/** `client` null: nobody knows where its socket is. */
async function askDaemon(client: OperatorClient | null): Promise<Result<DaemonAnswer, DaemonSilence>> {
  if (client === null)
    return err({
      message: "not asked: its socket stands in the configuration",
      hint: "or name it with --socket",
      isForbidden: true,
    });
  try {
    const { version, warnings } = await client.get<StatusView>("/api/status", PATIENCE_MS);
    return ok({ version, warnings });
  } catch (cause) {
    if (!(cause instanceof CliFailure)) throw cause;
    const isForbidden = await access(client.socket, constants.W_OK).then(
      () => false,
      ({ code }: NodeJS.ErrnoException) => code === "EACCES",
    );
    return err({ message: cause.message, hint: cause.hint, isForbidden });
  }
}

const PATIENCE_MS = 5000;
