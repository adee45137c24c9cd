import type { Result } from "../std/result.ts";
import { unreachable } from "../std/unreachable.ts";

/** A machine that root may log in to, and how it proves that it is the right one. */
export interface SshTarget {
  readonly address: string;
  readonly port: number;
  /** Lines of its public host keys. No other key is accepted, and none is learnt. */
  readonly hostKeys: readonly string[];
  readonly login: SshLogin;
}

export type SshLogin =
  | { readonly type: "key"; readonly privateKey: string }
  | { readonly type: "password"; readonly password: string };

export type SshError =
  /** Nobody answers there, or hangs up before the login. */
  | { readonly type: "unreachable"; readonly why: string }
  /** Something accepted the connection or the command, and then said nothing. */
  | { readonly type: "stalled"; readonly what: string }
  | { readonly type: "wrong-host-key"; readonly found: string }
  | { readonly type: "login-refused" }
  /** The session ended under a command. */
  | { readonly type: "lost"; readonly why: string }
  | { readonly type: "aborted" };

export interface SshOutput {
  /** null: killed by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SshSession {
  /** Runs a command of a POSIX shell. `stdin` is all that it can read. */
  run(
    command: string,
    options?: { readonly stdin?: string; readonly timeoutMs?: number },
  ): Promise<Result<SshOutput, SshError>>;
  close(): void;
}

/** Never rejects. When `signal` aborts, the session is closed, and whatever waits for it is told so. */
export type OpenSsh = (target: SshTarget, signal: AbortSignal) => Promise<Result<SshSession, SshError>>;

export function describeSshError(error: SshError, address: string): string {
  switch (error.type) {
    case "unreachable":
      return `${address} does not answer on SSH: ${error.why}`;
    case "stalled":
      return `${address} accepts SSH and then says nothing (${error.what})`;
    case "wrong-host-key":
      return `${address} shows another SSH host key than the one that was reported (${error.found}): another machine may have this address, or somebody is in between`;
    case "login-refused":
      return `${address} does not let root in with our key`;
    case "lost":
      return `the SSH session with ${address} broke: ${error.why}`;
    case "aborted":
      return "given up";
    default:
      return unreachable(error);
  }
}
