import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RELAY, SERVER } from "./peers.ts";

/** What is to be started. */
export interface Program {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The UDP port that tells that it listens; 67 if it is not given. */
  readonly port?: number;
  /** The TCP port that tells it instead. */
  readonly tcpPort?: number;
}

/** What one phase of the load came to; see dhcp-load.c. */
export interface Phase {
  readonly phase: "exchange" | "repeat" | "renew" | "echo";
  readonly seconds: number;
  readonly done: number;
  readonly answered: number;
  readonly retries: number;
  readonly naks: number;
  readonly givenUp: number;
  readonly unexpected: number;
  readonly doubleAddresses: number;
  readonly p50ms: number;
  readonly p99ms: number;
  readonly maxMs: number;
}

/** Two namespaces and the cable between them; nothing of it touches the machine's own network. */
export class BenchNetwork {
  readonly interface = `bqbs${process.pid % 10_000}`;
  readonly #server = `bqb-server-${process.pid}`;
  readonly #load = `bqb-load-${process.pid}`;

  constructor() {
    const far = `bqbl${process.pid % 10_000}`;
    ip(["netns", "add", this.#server]);
    ip(["netns", "add", this.#load]);
    ip(["-n", this.#server, "link", "add", this.interface, "type", "veth", "peer", "name", far, "netns", this.#load]);
    for (const [netns, device, address] of [
      [this.#server, this.interface, SERVER],
      [this.#load, far, RELAY],
    ] as const) {
      ip(["-n", netns, "link", "set", "lo", "up"]);
      ip(["-n", netns, "address", "add", `${address}/16`, "dev", device]);
      ip(["-n", netns, "link", "set", device, "up"]);
    }
  }

  /** On the first core. Resolves when it listens. */
  async start(peer: Program, folder: string): Promise<Server> {
    const out = openSync(join(folder, `${peer.name}.out`), "w");
    const [command, ...args] = this.#inside(this.#server, SERVER_CORE, peer.argv);
    const child = spawn(command ?? "", args, {
      stdio: ["ignore", out, out],
      env: { ...process.env, ...peer.env },
    });
    closeSync(out);
    const server = new Server(child);
    for (let waited = 0; waited < 60_000; waited += 50) {
      if (child.exitCode !== null) break;
      if (this.#listens(peer, folder)) return server;
      await sleep(50);
    }
    await server.stop();
    throw new Error(
      `${peer.name} did not start: ${readFileSync(join(folder, `${peer.name}.out`), "utf8").slice(-600)}`,
    );
  }

  /** On the second core. Phases are written as `dhcp-load.c` says. */
  async load(program: string, inFlight: number, phases: readonly string[]): Promise<readonly Phase[]> {
    const text = await this.run([program, SERVER, RELAY, `${inFlight}`, ...phases]);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Phase);
  }

  /** On the second core, at the far end of the cable. Resolves to what it wrote. */
  run(command: readonly string[]): Promise<string> {
    return this.#run(this.#load, command);
  }

  /** The same over loopback, without the cable. */
  runBesideServer(command: readonly string[]): Promise<string> {
    return this.#run(this.#server, command);
  }

  async #run(netns: string, command: readonly string[]): Promise<string> {
    const argv = this.#inside(netns, LOAD_CORE, command);
    const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    const [status] = await once(child, "close");
    if (status !== 0) throw new Error(`${command[0]} ended with status ${status}`);
    return text;
  }

  /** Lets the load have every address of this subnet. */
  addLoadAddresses(subnet: string): void {
    ip(["-n", this.#load, "route", "add", "local", subnet, "dev", "lo"]);
  }

  remove(): void {
    ip(["netns", "delete", this.#server]);
    ip(["netns", "delete", this.#load]);
  }

  #listens(peer: Program, folder: string): boolean {
    if (peer.name === "bootqueue") return readFileSync(join(folder, `${peer.name}.out`), "utf8").includes('"ready"');
    const filter = `sport = :${peer.tcpPort ?? peer.port ?? 67}`;
    const kind = peer.tcpPort === undefined ? "-Hlun" : "-Hltn";
    return execFileSync("ip", ["netns", "exec", this.#server, "ss", kind, filter], { encoding: "utf8" }) !== "";
  }

  #inside(netns: string, core: number, argv: readonly string[]): readonly string[] {
    return ["ip", "netns", "exec", netns, "taskset", "--cpu-list", `${core}`, ...argv];
  }
}

/** A server that runs. */
export class Server {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Seconds of processor time so far, with the kernel's share. */
  cpuSeconds(): number {
    const fields = this.#proc("stat")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  }

  /** Octets of memory that it has now. */
  rssBytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(this.#proc("status"))?.[1] ?? 0) * 1024;
  }

  /** Octets of memory at its highest. */
  peakRssBytes(): number {
    return Number(/VmHWM:\s+(\d+)/.exec(this.#proc("status"))?.[1] ?? 0) * 1024;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 30_000);
    await closed;
    clearTimeout(late);
  }

  /** `ip netns exec` and `taskset` become the server, so its number is the child's. */
  #proc(file: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${file}`, "utf8");
  }
}

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const TICKS_A_SECOND = 100;

function ip(args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}
