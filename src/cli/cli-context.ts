import { configPath, loadConfig } from "../config/load.ts";
import { formatProblem } from "../std/problem.ts";
import type { CliIo } from "./cli-io.ts";
import { OperatorClient } from "./client.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { oneLine } from "./table.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** What every command works with. */
export class CliContext {
  readonly io: CliIo;
  readonly #options: () => GlobalOptions;
  /** What the shell is told when nothing fails. */
  exitCode: number = EXIT.done;

  constructor(io: CliIo, options: () => GlobalOptions) {
    this.io = io;
    this.#options = options;
  }

  get json(): boolean {
    return this.#options().json === true;
  }

  get width(): number | null {
    return this.io.columns();
  }

  get configFile(): string {
    return this.#options().config ?? configPath(this.io.environment);
  }

  /** --socket, or what the configuration says, or where it is when nobody said anything. */
  async client(): Promise<OperatorClient> {
    const { socket, config } = this.#options();
    if (socket !== undefined) return new OperatorClient(socket);
    const loaded = await loadConfig(this.configFile);
    if (loaded.ok) return new OperatorClient(loaded.value.config.operator.socket);
    // A broken file that nobody named must not keep one from asking the daemon that still runs.
    if (config === undefined) return new OperatorClient(DEFAULT_SOCKET);
    throw new CliFailure(EXIT.usage, loaded.error.map(formatProblem).join("\n"), "`bootqueue config check` checks it");
  }

  /** One JSON value with --json, else the text for people. */
  print(value: unknown, text: () => string): void {
    this.io.out(this.json ? `${JSON.stringify(value, null, this.io.outIsTerminal ? 2 : 0)}\n` : text());
  }

  /** Asks before something is lost. `what` says what will happen; nobody to ask and no --yes is an error. */
  async confirm(what: string, question: string): Promise<void> {
    if (this.#options().yes === true) return;
    if (!this.io.canAsk) {
      throw new CliFailure(EXIT.usage, `${oneLine(question)} There is nobody to ask here`, "add --yes if you are sure");
    }
    this.io.err(what);
    const answer = await this.io.ask(`${question} [y/N] `);
    // Ctrl-C and Ctrl-D leave the cursor behind the question.
    if (answer === null) this.io.err("\n");
    if (!/^y(es)?$/i.test(answer?.trim() ?? "")) throw new CliFailure(EXIT.aborted, "nothing was done");
  }
}

export const DEFAULT_SOCKET = "/run/bootqueue/bootqueue.sock";
