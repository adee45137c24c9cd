import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { StatusView, TlsRotated, TlsView } from "../http/contract.ts";
import type { TlsRotateBody } from "../http/order-bodies.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { renderFacts } from "./table.ts";
import { formatTime } from "./words.ts";

/** `bootqueue tls …`: the certificate of HTTPS for machines. */
export function addTlsCommands(program: Command, context: CliContext): void {
  const tls = program.command("tls").description("the certificate of HTTPS for machines");

  tls
    .command("show")
    .description("which certificate is in use, and which ones machines still go by")
    .action(async () => {
      const status = await (await context.client()).get<StatusView>("/api/status");
      context.print(status.tls, () =>
        status.tls === null
          ? "machines are not served over HTTPS; `http.tls_port` turns it on\n"
          : renderTls(status.tls),
      );
    });

  tls
    .command("rotate")
    .description("another certificate, without breaking installs under way: they meet the one before until they end")
    .option("--key <file>", "your own private key, in PEM form")
    .option("--certificate <file>", "its certificate, in PEM form; left out: a new pair is made")
    .action(async ({ key, certificate }: { key?: string; certificate?: string }) => {
      const body: TlsRotateBody = {
        ...(key === undefined ? {} : { key: await textOf(key) }),
        ...(certificate === undefined ? {} : { certificate: await textOf(certificate) }),
      };
      const done = await (await context.client()).post<TlsRotated>("/api/tls/rotate", body);
      context.print(done, () => `${done.message}\n`);
    });
}

export function renderTls({ fingerprint, expires, kept }: TlsView): string {
  return renderFacts([
    ["certificate", fingerprint],
    ["expires", `${formatTime(expires)} UTC`],
    ...kept.map(({ fingerprint, hosts }) => ["before", `${fingerprint}, for ${hosts.join(", ")}`] as const),
  ]);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CliFailure(EXIT.usage, `cannot read ${file}: ${(error as Error).message}`, "");
  }
}
