/** What every log line may carry besides its message. The same fact always has the same name: `mac`, `slot`, `xid`. */
export type LogFields = Readonly<Record<string, unknown>>;

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line per fact: a message for people, fields for machines. Never an answer file, a token, a password or a key. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Structured JSON, one object a line, from `level` up. `write` gets each line with its line feed. */
export function jsonLog(write: (line: string) => void, level: LogLevel, now: () => number = Date.now): Log {
  const line = (at: LogLevel) =>
    RANK[at] < RANK[level]
      ? () => {}
      : (message: string, fields: LogFields = {}) =>
          write(`${JSON.stringify({ time: new Date(now()).toISOString(), level: at, message, ...fields })}\n`);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** For tests and tools that have nobody to tell. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
