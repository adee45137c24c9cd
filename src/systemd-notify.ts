import { spawn } from "node:child_process";
import type { Log } from "./std/log.ts";

/**
 * Tells systemd how we are (sd_notify(3)), where it started us. Node has no Unix datagram sockets, so `systemd-notify`
 * does it. Without `--no-block`: a child that is gone before systemd looks up its process id has told nothing.
 */
export class SystemdNotify {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #log: Log;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(environment: NodeJS.ProcessEnv, log: Log) {
    this.#environment = environment;
    this.#log = log;
  }

  /** Also begins to feed the watchdog, if the unit asks for one. */
  ready(status: string): void {
    this.#send("READY=1", `STATUS=${status}`);
    const watchdogMs = Number(this.#environment.WATCHDOG_USEC ?? 0) / 1000;
    if (watchdogMs > 0) this.#watchdog = setInterval(() => this.#send("WATCHDOG=1"), watchdogMs / 2).unref();
  }

  reloading(): void {
    this.#send("RELOADING=1");
  }

  stopping(): void {
    clearInterval(this.#watchdog);
    this.#send("STOPPING=1");
  }

  #send(...lines: readonly string[]): void {
    if (this.#environment.NOTIFY_SOCKET === undefined) return;
    const child = spawn("systemd-notify", [`--pid=${process.pid}`, ...lines], { stdio: "ignore" });
    child.on("error", (error) => this.#log.warn("systemd could not be told", { error: error.message }));
  }
}
