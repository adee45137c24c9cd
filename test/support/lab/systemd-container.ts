import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "./lab.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");
const BOOT_LIMIT_MS = 60_000;

/**
 * A Debian whose PID 1 is systemd, in a namespace of the lab, as an LXC container would be. It starts from the same
 * root each time and forgets everything at its end; this repository is at `/src` in it, read-only.
 */
export class SystemdContainer {
  readonly #nspawn: ChildProcess;
  readonly #logPath: string;
  #init: number | null = null;

  /** `role`: the namespace whose network it has. `boot` waits for it. */
  constructor(lab: Lab, role: string) {
    execFileSync(join(import.meta.dirname, "debian-root"), { stdio: ["ignore", "inherit", "inherit"] });
    this.#logPath = join(lab.folder, "systemd-container.log");
    const log = openSync(this.#logPath, "a");
    const argv = [
      "--quiet",
      `--directory=${join(REPOSITORY, "build/lab/debian-13")}`,
      "--volatile=overlay",
      "--boot",
      `--machine=bootqueue-${process.pid}`,
      // The machine that tests need not have systemd itself.
      "--register=no",
      "--keep-unit",
      `--network-namespace-path=/run/netns/${lab.namespaceOf(role)}`,
      "--resolv-conf=off",
      "--timezone=off",
      "--console=pipe",
      `--bind-ro=${REPOSITORY}:/src`,
    ];
    // The kernel ends it even when this process is killed; nspawn takes its container along.
    this.#nspawn = spawn("setpriv", ["--pdeathsig", "KILL", "systemd-nspawn", ...argv], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
  }

  /** Resolves when systemd has started everything; rejects with what it printed. */
  async boot(): Promise<void> {
    for (const deadline = Date.now() + BOOT_LIMIT_MS; Date.now() < deadline; await sleep(250)) {
      if (this.#nspawn.exitCode !== null) break;
      this.#init ??= firstChildOf(this.#nspawn.pid ?? 0);
      if (this.#init !== null && /^(running|degraded)$/m.test(this.run("systemctl is-system-running || true"))) return;
    }
    throw new Error(`the container did not boot: ${readFileSync(this.#logPath, "utf8")}`);
  }

  /** Runs a shell command to its end and returns what it printed; throws with all its output when it fails. */
  run(command: string): string {
    if (this.#init === null) throw new Error("the container has not booted");
    try {
      return execFileSync("nsenter", [`--target=${this.#init}`, "--all", "bash", "-c", `{ ${command}\n} 2>&1`], {
        encoding: "utf8",
        env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" },
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      // Before systemd has mounted everything there is no bash to enter.
      if (command.endsWith("|| true")) return "";
      throw new Error(`${command}: ${stdout}${stderr}`, { cause: error });
    }
  }

  /** Waits until the command prints something that fits. */
  async until(command: string, wanted: RegExp, limitMs = 30_000): Promise<void> {
    let printed = "";
    for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(200)) {
      printed = this.run(`${command} || true`);
      if (wanted.test(printed)) return;
    }
    throw new Error(`${command}: wanted ${wanted}, got ${printed}`);
  }

  async close(): Promise<void> {
    if (this.#nspawn.exitCode !== null || this.#nspawn.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#nspawn.once("exit", resolve));
    this.#nspawn.kill("SIGTERM");
    const patience = setTimeout(() => this.#nspawn.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(patience);
  }
}

function firstChildOf(pid: number): number | null {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return first ? Number(first) : null;
  } catch {
    return null;
  }
}
