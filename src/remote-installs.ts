import { type Installation, type InstallSite, installationOf } from "./boot/installation.ts";
import type { Ipv4Address } from "./net/ipv4-address.ts";
import type { RemoteInstall } from "./profiles/kind.ts";
import { EMPTY_INVENTORY } from "./profiles/simple-report.ts";
import type { Engine } from "./queue/engine.ts";
import type { AttemptToken, Host } from "./queue/host.ts";
import { REFUSALS } from "./queue/refusal.ts";
import { findHost } from "./queue/state.ts";
import type { Log } from "./std/log.ts";

export interface RemoteInstallsParts {
  readonly engine: Pick<Engine, "state" | "dispatch">;
  readonly site: () => InstallSite;
  /** Whether somebody answers there by TCP. Never rejects. */
  readonly reach: (address: Ipv4Address, port: number) => Promise<boolean>;
  /** Runs a command to its end, or until it is aborted. Never rejects. */
  readonly run: RunCommand;
  readonly log: Log;
}

export type RunCommand = (
  words: readonly string[],
  limits: { readonly minutes: number; readonly signal: AbortSignal },
) => Promise<CommandEnd>;

export interface CommandEnd {
  /** null: it was stopped, or could not be started. */
  readonly code: number | null;
  /** The end of what it wrote, or why it could not be started. */
  readonly output: string;
}

interface Running {
  readonly host: Host["id"];
  readonly token: AttemptToken;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Installs in which the appliance takes part: it runs the operator's command for a machine that waits in memory (NixOS), or
 * looks whether one that cannot report is up (Talos). One look after the other; what comes of it goes to the queue.
 */
export class RemoteInstalls {
  readonly #parts: RemoteInstallsParts;
  readonly #running = new Set<Running>();
  #isFirstLook = true;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(parts: RemoteInstallsParts) {
    this.#parts = parts;
  }

  start(everyMs: number): void {
    const look = async () => {
      await this.look().catch((error: Error) =>
        this.#parts.log.warn("a remote install failed", { why: error.message }),
      );
      if (!this.#isClosed) this.#timer = setTimeout(look, everyMs);
    };
    void look();
  }

  /** Stops the commands: after a restart their hosts are told to have failed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { abort } of this.#running) abort.abort();
    await Promise.all([...this.#running].map(({ ended }) => ended));
  }

  /** Commands that are running; for tests. */
  async settled(): Promise<void> {
    await Promise.all([...this.#running].map(({ ended }) => ended));
  }

  async look(): Promise<void> {
    const { engine, site } = this.#parts;
    const isFirst = this.#isFirstLook;
    this.#isFirstLook = false;
    for (const { host, token, abort } of this.#running) {
      if (findHost(engine.state, host)?.attempt?.token !== token) abort.abort();
    }
    for (const host of engine.state.hosts.filter(({ state }) => TAKES_PART.has(state.type))) {
      const install = installationOf(engine.state, host, site());
      const remote = install?.profile.remote(install.target) ?? null;
      if (install === null || remote === null || this.#isClosed) continue;
      await this.#lookAt(host, install, remote, isFirst);
    }
  }

  async #lookAt(host: Host, { target, links }: Installation, remote: RemoteInstall, isFirst: boolean): Promise<void> {
    const { engine, reach, log } = this.#parts;
    const token = links.token as AttemptToken;
    if ([...this.#running].some((each) => each.host === host.id && each.token === token)) return;
    const { command, port } = remote;
    if (command === null) {
      if (host.state.type !== "installing" || !(await reach(target.address, port))) return;
      await engine.dispatch({ type: "install-reported", host: host.id, token, inventory: EMPTY_INVENTORY });
      return;
    }
    const [program = ""] = command.words;
    if (host.state.type === "installing") {
      if (!isFirst) return;
      const reason = `the appliance was stopped while ${program} installed this machine`;
      await engine.dispatch({ type: "install-failed", host: host.id, token, reason });
      return;
    }
    if (!(await reach(target.address, port))) return;
    // The point of no return, as an answer file would be: on disk before anything is done to the machine.
    const event = { type: "answer-fetched", host: host.id, macs: [host.bootMac], uuid: null } as const;
    const verdict = await engine.dispatch(event);
    if (verdict.type === "refused") {
      log.warn(`${program} is not run`, { host: host.id, why: REFUSALS[verdict.reason] });
      return;
    }
    if (findHost(engine.state, host.id)?.attempt?.token !== token) return;
    const abort = new AbortController();
    const ended = this.#install(host.id, token, command, abort.signal).catch(() => {});
    const running: Running = { host: host.id, token, abort, ended };
    this.#running.add(running);
    void ended.then(() => this.#running.delete(running));
  }

  async #install(
    host: Host["id"],
    token: AttemptToken,
    { words, minutes }: NonNullable<RemoteInstall["command"]>,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine, run, log } = this.#parts;
    const step = words[0]?.split("/").at(-1) ?? "";
    const tell = (outcome: "started" | "succeeded" | "failed", text: string) =>
      engine.dispatch({ type: "step-reported", host, token, step, outcome, text });
    log.info("installing by a command", { host, command: step });
    await tell("started", "");
    if (signal.aborted) return;
    const { code, output } = await run(words, { minutes, signal });
    if (signal.aborted) return;
    const last = oneLine(output);
    if (code === 0) {
      await tell("succeeded", "");
      await engine.dispatch({ type: "install-reported", host, token, inventory: EMPTY_INVENTORY });
      return;
    }
    await tell("failed", last);
    const how = code === null ? "did not end by itself" : `ended with ${code}`;
    await engine.dispatch({ type: "install-failed", host, token, reason: `${step} ${how}: ${last}` });
  }
}

const TAKES_PART: ReadonlySet<string> = new Set(["pxe_booted", "installing"]);

function oneLine(text: string): string {
  return text
    .slice(-400)
    .replaceAll(/\p{C}+/gu, " ")
    .trim();
}
