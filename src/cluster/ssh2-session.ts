import { createHash } from "node:crypto";
import ssh2, { type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { err, ok, type Result } from "../std/result.ts";
import { keyBodyOf } from "./key-line.ts";
import type { OpenSsh, SshError, SshOutput, SshSession, SshTarget } from "./ssh.ts";

/** How long the other side may say nothing. */
export interface SshLimits {
  /** From the first packet to the login. */
  readonly loginMs: number;
  /** For a command that sets no other. */
  readonly commandMs: number;
}

const LIMITS: SshLimits = { loginMs: 20_000, commandMs: 60_000 };
/** Of what a command prints, so that none can fill the memory. */
const OUTPUT_BYTES_MAX = 256 * 1024;

/** The way to other machines; this file is the only one that knows ssh2. */
export function sshOver2(limits: SshLimits = LIMITS): OpenSsh {
  return (target, signal) => openSession(target, signal, limits);
}

function openSession(target: SshTarget, signal: AbortSignal, limits: SshLimits): Promise<Result<SshSession, SshError>> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(err({ type: "aborted" }));
    const client = new ssh2.Client();
    let wrongKey: string | null = null;
    let done = false;
    const settle = (result: Result<SshSession, SshError>) => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (!result.ok) client.destroy();
      resolve(result);
    };
    const abort = () => settle(err({ type: "aborted" }));
    const timer = setTimeout(() => settle(err({ type: "stalled", what: "login" })), limits.loginMs);
    signal.addEventListener("abort", abort);
    client.on("ready", () => settle(ok(sessionOf(client, signal, limits.commandMs))));
    // It also tells of errors after the login; then the session knows from `close`.
    client.on("error", (error) => settle(err(errorOf(error, wrongKey))));
    client.on("close", () => settle(err(wrongKey === null ? hangUp() : { type: "wrong-host-key", found: wrongKey })));
    const pinned = new Set(target.hostKeys.map(keyBodyOf));
    try {
      client.connect({
        ...connectionTo(target, limits.loginMs),
        hostVerifier: (key: Buffer) => {
          if (pinned.has(key.toString("base64"))) return true;
          wrongKey = fingerprintOf(key);
          return false;
        },
      });
    } catch (error) {
      // A private key that cannot be read, for one.
      settle(err({ type: "unreachable", why: (error as Error).message }));
    }
  });
}

/** As `ssh-keygen -l` shows it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

function connectionTo({ address, port, hostKeys, login }: SshTarget, readyTimeout: number): ConnectConfig {
  const types = hostKeys.map((line) => line.trim().split(" ")[0] ?? "");
  // A server picks the first type that we name, so it must be asked for one whose key we know.
  const serverHostKey = [...new Set(types.flatMap((type) => ALGORITHMS[type] ?? []))];
  return {
    host: address,
    port,
    username: "root",
    readyTimeout,
    keepaliveInterval: 10_000,
    keepaliveCountMax: 3,
    ...(serverHostKey.length === 0 ? {} : { algorithms: { serverHostKey } }),
    ...(login.type === "key" ? { privateKey: login.privateKey } : { password: login.password }),
  };
}

/** Ways to sign with a key of each type (RFC 8332 for RSA). */
const ALGORITHMS: Readonly<Partial<Record<string, readonly ServerHostKeyAlgorithm[]>>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
};

function hangUp(): SshError {
  return { type: "unreachable", why: "it hung up before the login" };
}

function errorOf(error: Error & { readonly level?: string }, wrongKey: string | null): SshError {
  if (wrongKey !== null) return { type: "wrong-host-key", found: wrongKey };
  if (error.level === "client-authentication") return { type: "login-refused" };
  if (error.level === "client-timeout") return { type: "stalled", what: "login" };
  if (/no matching host key/i.test(error.message)) return { type: "wrong-host-key", found: "none of the known types" };
  return { type: "unreachable", why: error.message };
}

function sessionOf(client: InstanceType<typeof ssh2.Client>, signal: AbortSignal, commandMs: number): SshSession {
  let ended: SshError | null = null;
  const waiting = new Set<() => void>();
  const end = (error: SshError) => {
    ended ??= error;
    for (const tell of waiting) tell();
    client.destroy();
  };
  const abort = () => end({ type: "aborted" });
  signal.addEventListener("abort", abort);
  client.on("close", () => {
    signal.removeEventListener("abort", abort);
    end({ type: "lost", why: "the connection was closed" });
  });
  if (signal.aborted) abort();
  return {
    run: (command, { stdin = "", timeoutMs = commandMs } = {}) =>
      new Promise((resolve) => {
        let settled = false;
        const settle = (result: Result<SshOutput, SshError>) => {
          if (settled) return;
          settled = true;
          clearTimeout(timer);
          waiting.delete(tell);
          resolve(result);
        };
        const tell = () => settle(err(ended ?? { type: "lost", why: "closed" }));
        const timer = setTimeout(() => {
          settle(err({ type: "stalled", what: `no end of a command within ${Math.round(timeoutMs / 1000)} s` }));
          end({ type: "lost", why: "a command did not end" });
        }, timeoutMs);
        if (ended !== null) return tell();
        waiting.add(tell);
        try {
          client.exec(command, (error, channel) => {
            if (error) return settle(err({ type: "lost", why: error.message }));
            const [stdout, stderr] = [collector(), collector()];
            channel.on("data", stdout.add);
            channel.stderr.on("data", stderr.add);
            channel.on("error", (cause: Error) => settle(err({ type: "lost", why: cause.message })));
            channel.on("close", (code: number | null | undefined) => {
              // Without an exit status the connection went away under it (RFC 4254 §6.10).
              if (code === undefined) return settle(err(ended ?? { type: "lost", why: "the command has no end" }));
              settle(ok({ code, stdout: stdout.text(), stderr: stderr.text() }));
            });
            channel.end(stdin);
          });
        } catch (error) {
          settle(err({ type: "lost", why: (error as Error).message }));
        }
      }),
    close: () => {
      signal.removeEventListener("abort", abort);
      ended ??= { type: "lost", why: "closed" };
      client.end();
      // A peer that never answers must not keep us.
      setTimeout(() => client.destroy(), 2000).unref();
    },
  };
}

function collector() {
  const parts: Buffer[] = [];
  let size = 0;
  return {
    add(part: Buffer): void {
      if (size < OUTPUT_BYTES_MAX) parts.push(part);
      size += part.length;
    },
    text: () => Buffer.concat(parts).toString("utf8").slice(0, OUTPUT_BYTES_MAX),
  };
}
