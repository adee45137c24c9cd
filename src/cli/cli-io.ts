import type { Readable } from "node:stream";
import type { Problem } from "../std/problem.ts";
import type { Result } from "../std/result.ts";

/** Everything the commands touch of the world, so that tests can bring their own. */
export interface CliIo {
  readonly version: string;
  /** To standard output, as it is. */
  out(text: string): void;
  /** To standard error, as it is. */
  err(text: string): void;
  /** true: standard output is a terminal. */
  readonly outIsTerminal: boolean;
  /** true: standard error is a terminal, on which a line can be drawn over. */
  readonly errIsTerminal: boolean;
  /** Standard input, for commands that read a file from it. */
  readonly stdin: Readable;
  /** true: standard input and error are a terminal, so somebody can be asked. */
  readonly canAsk: boolean;
  /** Width of the terminal in characters; null: it is none, so lines may be as long as they are. */
  columns(): number | null;
  /** Height of the terminal in lines; null: it is none. */
  rows(): number | null;
  /** One line of an answer to `question`; null: the input ended. */
  ask(question: string): Promise<string | null>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `listener` when the user presses Ctrl-C. Returns what ends that. */
  onInterrupt(listener: () => void): () => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs the daemon until it is told to stop. The answer is the exit code. */
  serve(configPath: string): Promise<number>;
  /**
   * What is wrong with the configuration in `configPath` beyond what the config room sees, such as inside the profiles.
   * Absent: that is not looked at.
   */
  readonly checkSettings?: CheckSettings;
  /** Which images the profiles of the configuration in `configPath` boot. Absent: that is not looked at. */
  readonly imageUses?: (
    configPath: string,
  ) => Promise<Result<readonly { readonly profile: string; readonly image: string }[], readonly Problem[]>>;
}

type CheckSettings = (
  configPath: string,
) => Promise<{ readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }>;
