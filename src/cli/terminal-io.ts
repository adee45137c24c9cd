import { createInterface } from "node:readline/promises";
import type { CliIo } from "./cli-io.ts";

/** The real terminal. */
export function terminalIo(parts: Pick<CliIo, "version" | "serve" | "checkSettings" | "imageUses">): CliIo {
  // `bootqueue logs | head` closes the pipe early; that is no failure.
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EPIPE") process.exit(0);
    throw cause;
  });
  return {
    ...parts,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    stdin: process.stdin,
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    columns: () => (process.stdout.isTTY ? process.stdout.columns : null),
    rows: () => (process.stdout.isTTY ? process.stdout.rows : null),
    async ask(question) {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await new Promise<string | null>((resolve) => {
          lines.once("close", () => resolve(null));
          lines.once("SIGINT", () => resolve(null));
          lines.question(question).then(resolve, () => resolve(null));
        });
      } finally {
        lines.close();
      }
    },
    now: Date.now,
    onInterrupt(listener) {
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    environment: process.env,
  };
}
