import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * An embedded network: a namespace that is the gateway, one that is the switch, and more for clients. Everything it
 * starts and makes is gone after `close`, which also runs when this process ends or is interrupted.
 *
 * The gateway's `eth0` is on the boot network with 10.11.0.1/22; its `eth1`, where asked for, on a network called home.
 */
export class Lab {
  /** For logs, disks and sockets. Removed by `close`, unless the lab is kept. */
  readonly folder: string;
  readonly #name: string;
  readonly #namespaces: string[] = [];
  readonly #running = new Set<LabProcess>();
  readonly #keepFolder: boolean;
  #closed = false;

  /** `home`: the gateway has a second interface, on a network where nobody may hear from us. */
  constructor(options: { readonly home?: boolean; readonly keepFolder?: boolean } = {}) {
    removeLeftovers();
    labsMade += 1;
    this.#name = `bq${process.pid}x${labsMade}`;
    this.#keepFolder = options.keepFolder ?? false;
    this.folder = mkdtempSync(join(tmpdir(), "bootqueue-lab-"));
    closeAtExit(this);
    try {
      this.addNamespace("sw");
      this.addNamespace("gw");
      this.#addBridge("lan");
      this.connect("gw", "eth0", "lan", "10.11.0.1/22");
      this.#advertiseNoRouter();
      if (options.home) {
        this.#addBridge("home");
        this.connect("gw", "eth1", "home", "192.168.77.2/24");
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The full name of a namespace, as `ip netns` lists it. */
  namespaceOf(role: string): string {
    return `${this.#name}-${role}`;
  }

  /** A namespace for one more client, with `lo` up and without IPv6. */
  addNamespace(role: string): void {
    const namespace = this.namespaceOf(role);
    ip("netns", "add", namespace);
    this.#namespaces.push(namespace);
    ip("-n", namespace, "link", "set", "lo", "up");
    // Firmware waits many seconds for router advertisements that nobody sends.
    if (existsSync("/proc/sys/net/ipv6")) {
      this.run(role, [
        "sysctl",
        "-q",
        "-w",
        "net.ipv6.conf.all.disable_ipv6=1",
        "net.ipv6.conf.default.disable_ipv6=1",
      ]);
    }
  }

  /** Puts a cable between a namespace and a bridge of the switch. */
  connect(role: string, link: string, bridge: "lan" | "home", cidr: string | null): void {
    const [sw, port] = [this.namespaceOf("sw"), `${role}-${link}`];
    ip("-n", sw, "link", "add", port, "type", "veth", "peer", "name", link, "netns", this.namespaceOf(role));
    ip("-n", sw, "link", "set", port, "master", bridge, "up");
    // Clients that read raw packets would see checksums that nobody has filled in yet.
    for (const [where, end] of [
      ["sw", port],
      [role, link],
    ] as const) {
      this.run(where, ["ethtool", "-K", end, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off"]);
    }
    if (cidr !== null) ip("-n", this.namespaceOf(role), "addr", "add", cidr, "dev", link);
    ip("-n", this.namespaceOf(role), "link", "set", link, "up");
  }

  /** A port of the switch for a virtual machine. */
  addTap(name: string): void {
    const sw = this.namespaceOf("sw");
    ip("-n", sw, "tuntap", "add", name, "mode", "tap");
    ip("-n", sw, "link", "set", name, "master", "lan", "up");
  }

  /** Runs a command to its end and returns what it printed; throws with its error output when it fails. */
  run(role: string, argv: readonly string[]): string {
    return execFileSync("ip", ["netns", "exec", this.namespaceOf(role), ...argv], { encoding: "utf8", stdio: "pipe" });
  }

  /** The same while this process goes on, for a command that waits for something that this process serves. */
  async runBeside(role: string, argv: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("ip", ["netns", "exec", this.namespaceOf(role), ...argv]);
    return stdout;
  }

  /** Starts a program whose output goes to `<name>.log` in the lab's folder. It does not outlive this process. */
  start(role: string, name: string, argv: readonly string[]): LabProcess {
    const logPath = join(this.folder, `${name}.log`);
    const log = openSync(logPath, "a");
    // The kernel ends it even when this process is killed; `ip netns exec` keeps the process id.
    const guarded = ["--pdeathsig", "KILL", "ip", "netns", "exec", this.namespaceOf(role), ...argv];
    const child = spawn("setpriv", guarded, { stdio: ["ignore", log, log] });
    closeSync(log);
    const started = new LabProcess(child, logPath);
    this.#running.add(started);
    child.once("exit", () => this.#running.delete(started));
    return started;
  }

  /** Ends every process and removes every namespace and file. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    openLabs.delete(this);
    for (const running of this.#running) running.kill("SIGKILL");
    for (const namespace of this.#namespaces.reverse()) {
      deleteNamespace(namespace);
    }
    if (!this.#keepFolder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Saves each machine 18 seconds: see the program. Where the host has no IPv6, it ends at once and they wait. */
  #advertiseNoRouter(): void {
    if (!existsSync("/proc/sys/net/ipv6")) return;
    this.run("sw", ["sysctl", "-q", "-w", "net.ipv6.conf.lan.disable_ipv6=0"]);
    this.start("sw", "router-advertiser", [join(import.meta.dirname, "router-advertiser"), "lan"]);
  }

  #addBridge(name: string): void {
    const options = ["forward_delay", "0", "stp_state", "0", "mcast_snooping", "0"];
    const sw = this.namespaceOf("sw");
    ip("-n", sw, "link", "add", name, "type", "bridge", ...options);
    ip("-n", sw, "link", "set", name, "up");
  }
}

/** A program that the lab started. */
export class LabProcess {
  readonly logPath: string;
  /** Resolves when it has ended, with its exit code; null: a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, logPath: string) {
    this.#child = child;
    this.logPath = logPath;
    this.ended = new Promise((resolve) => {
      child.once("exit", (code) => resolve(code));
      child.once("error", () => resolve(127));
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  /** Only ever this process, by its id. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

let labsMade = 0;
const openLabs = new Set<Lab>();

function closeAtExit(lab: Lab): void {
  openLabs.add(lab);
  if (labsMade > 1) return;
  process.on("exit", () => {
    for (const open of openLabs) open.close();
  });
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
}

/** Namespaces of labs whose process was killed before it could clean up. */
function removeLeftovers(): void {
  if (!existsSync("/run/netns")) return;
  for (const namespace of readdirSync("/run/netns")) {
    const owner = /^bq(\d+)x\d+-/.exec(namespace)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) deleteNamespace(namespace);
  }
}

/** Tries for a second: a process that was killed may still hold it for a moment. Never throws. */
function deleteNamespace(namespace: string): void {
  for (let attempt = 0; attempt < 10 && existsSync(`/run/netns/${namespace}`); attempt += 1) {
    try {
      ip("netns", "del", namespace);
    } catch {
      // The program ends in this very function, so nothing else can wait.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}
