import { spawn } from "node:child_process";

export interface ProgramOutcome {
  /** `missing`: it is not installed. */
  readonly type: "ended" | "missing" | "timed-out" | "aborted";
  /** 0: it succeeded. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program with these arguments, which everybody on this machine can see. Rejects never. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<ProgramOutcome>;

export const runProgram: RunProgram = (program, args, timeoutMs, signal) =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, LC_ALL: "C" },
    });
    let [out, err] = ["", ""];
    let type: ProgramOutcome["type"] = "ended";
    const stop = (why: ProgramOutcome["type"]) => () => {
      type = why;
      child.kill("SIGKILL");
    };
    const timer = setTimeout(stop("timed-out"), timeoutMs);
    const abort = stop("aborted");
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    const finish = (code: number) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve({ type, code, out, err });
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (out.length < OUTPUT_MAX) out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (err.length < OUTPUT_MAX) err += text;
    });
    child.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") type = "missing";
      err = cause.message;
      finish(1);
    });
    child.once("close", (code) => finish(code ?? 1));
  });

const OUTPUT_MAX = 64 * 1024;
