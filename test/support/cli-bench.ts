import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { createAdaptorServer } from "@hono/node-server";
import { runCli } from "../../src/cli/cli.ts";
import type { CliIo } from "../../src/cli/cli-io.ts";
import type { OperatorDeps } from "../../src/http/operator-deps.ts";
import type { QueueRules } from "../../src/queue/rules.ts";
import { operatorBench } from "./operator-bench.ts";
import { RULES } from "./queue-builder.ts";

/** What a command did. */
export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/** What a user at the keyboard is like. */
export interface User {
  /** What he types when asked; null: he closes the input. Absent: nobody is there to be asked. */
  readonly answers?: readonly (string | null)[];
  /** Width of his terminal; absent: the output goes to a file. */
  readonly columns?: number;
  /** Height of his terminal; 24 if he has one. */
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly serve?: (configPath: string) => Promise<number>;
}

/** Runs one command line as `user` would. `interrupt` in `more` presses Ctrl-C. */
export async function runAs(
  user: User,
  argv: readonly string[],
  now: () => number,
  more: Partial<CliIo> = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const answers = [...(user.answers ?? [])];
  const io: CliIo = {
    version: "1.2.3",
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: user.columns !== undefined,
    errIsTerminal: false,
    stdin: Readable.from([]),
    canAsk: user.answers !== undefined,
    columns: () => user.columns ?? null,
    rows: () => user.rows ?? (user.columns === undefined ? null : 24),
    ask: async (question) => {
      err += question;
      const typed = answers.shift() ?? null;
      err += `${typed ?? ""}\n`;
      return typed;
    },
    now,
    onInterrupt: () => () => {},
    environment: user.environment ?? {},
    serve: user.serve ?? (async () => 0),
    ...more,
  };
  const code = await runCli(argv, io);
  return { out, err, code };
}

/** The command against a real operator app on a Unix socket of its own. */
export async function cliBench(t: TestContext, changes: Partial<OperatorDeps> = {}, rules: QueueRules = RULES) {
  const bench = await operatorBench({ trusted: true, ...changes }, rules);
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-cli-"));
  const socket = join(folder, "bootqueue.sock");
  const server = createAdaptorServer({ fetch: bench.app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(async () => {
    bench.feed.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    await rm(folder, { recursive: true });
  });
  return {
    ...bench,
    socket,
    folder,
    run: (argv: readonly string[], user: User = {}, more: Partial<CliIo> = {}) =>
      runAs(user, ["--socket", socket, ...argv], () => bench.clock.now(), more),
  };
}
