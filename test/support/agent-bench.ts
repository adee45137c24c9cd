import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import type { AgentTrust } from "../../src/firstboot/agent-links.ts";
import { renderFirstBootHook } from "../../src/firstboot/render-hook.ts";
import { stepOf } from "./first-boot-step.ts";
import { TARGET } from "./proxmox-profile.ts";

export type Shell = "dash" | "bash" | "busybox";
export type Client = "curl" | "wget" | "wget of busybox" | "busybox" | "bash" | "openssl" | "none";

/** What the agent may use besides one HTTP client: nothing that is missing from a small Debian. */
const TOOLS =
  "awk cat chmod cp date dirname env grep head hostname ip kill mkdir mv od rm sed setsid sh sync tail timeout touch tr wc".split(
    " ",
  );

/** An installed system that is a folder, with the agent in it. */
export interface AgentMachine {
  readonly root: string;
  readonly state: string;
  readonly tools: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface MachineOptions {
  readonly base: string;
  readonly token: string;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
  readonly client?: Client;
  readonly shell?: Shell;
  readonly trust?: AgentTrust;
  /** Programs in front of all others: their text. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly patience?: number;
}

/** Runs the hook on it, as its installer would. */
export function agentMachine(options: MachineOptions): AgentMachine {
  const root = mkdtempSync(join(tmpdir(), "agent-"));
  mkdirSync(join(root, "usr/lib/systemd"), { recursive: true });
  writeFileSync(join(root, "usr/lib/systemd/systemd"), "");
  const steps = options.steps.map(stepOf);
  const links = { token: options.token, agent: { base: options.base, trust: options.trust ?? null } };
  const hook = spawnSync("/bin/sh", ["-s"], {
    input: renderFirstBootHook({ steps }, TARGET, links),
    encoding: "utf8",
    env: { PATH: process.env.PATH, BOOTQUEUE_ROOT: root },
  });
  if (hook.status !== 0) throw new Error(`the hook failed: ${hook.stdout}${hook.stderr}`);
  const proc = join(root, "proc");
  mkdirSync(join(proc, "sys/kernel/random"), { recursive: true });
  symlinkSync("/proc/uptime", join(proc, "uptime"));
  writeFileSync(join(proc, "sys/kernel/random/boot_id"), "11111111-2222-3333-4444-555555555555\n");
  const tools = toolsIn(join(root, "tools"), options);
  const state = join(root, "state");
  return {
    root,
    state,
    tools,
    environment: {
      PATH: tools,
      BOOTQUEUE_AGENT_HOME: join(root, "opt/bootqueue-agent"),
      BOOTQUEUE_AGENT_STATE: state,
      BOOTQUEUE_PROC: proc,
      BOOTQUEUE_SYS: join(root, "sys"),
      BOOTQUEUE_PAUSE_MAX: "2",
      BOOTQUEUE_PATIENCE: String(options.patience ?? 15),
    },
  };
}

/** Starts the agent in a process group of its own, so that all of it can be killed. */
export function startAgent(machine: AgentMachine, shell: Shell = "dash"): ChildProcess {
  const program = `/usr/bin/${shell}`;
  const agent = join(machine.root, "opt/bootqueue-agent/agent");
  return spawn(program, shell === "busybox" ? ["sh", agent] : [agent], {
    env: machine.environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export interface AgentEnd {
  /** null: it was killed. */
  readonly code: number | null;
  readonly output: string;
}

export function ended(child: ChildProcess): Promise<AgentEnd> {
  let output = "";
  const collect = (bytes: Buffer) => {
    output += bytes;
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

export function runAgent(machine: AgentMachine, shell: Shell = "dash"): Promise<AgentEnd> {
  return ended(startAgent(machine, shell));
}

/** `kill -9` of the agent and of all that it started. */
export function killAgent(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export function marksOf(machine: AgentMachine): string[] {
  return existsSync(machine.state) ? readdirSync(machine.state).sort() : [];
}

export function stateFile(machine: AgentMachine, name: string): string {
  return readFileSync(join(machine.state, name), "utf8");
}

/** Its JSON lines. */
export function logOf({ output }: AgentEnd): Record<string, string>[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, string>);
}

export function removeMachine(machine: AgentMachine): void {
  rmSync(machine.root, { recursive: true, force: true });
}

export type Fetch = (request: Request) => Response | Promise<Response>;

/** An HTTP server on loopback; resolves to it and its address. */
export async function serveOnLoopback(fetch: Fetch, tls?: { readonly key: string; readonly cert: string }) {
  const server =
    tls === undefined
      ? (createAdaptorServer({ fetch }) as Server)
      : (createAdaptorServer({ fetch, createServer: createTlsServer, serverOptions: tls }) as Server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { port, base: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`, close };
}

function toolsIn(folder: string, { client = "curl", shell = "dash", programs = {} }: MachineOptions): string {
  mkdirSync(folder);
  const link = (name: string, target: string) => symlinkSync(target, join(folder, name));
  const own = new Set(Object.keys(programs));
  for (const name of TOOLS) {
    if (own.has(name)) continue;
    const found = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map((place) => join(place, name)).find(existsSync);
    // Of busybox, where that is the shell: that is what such a system has.
    if (shell === "busybox" && name !== "sh") link(name, "/usr/bin/busybox");
    else if (found !== undefined) link(name, found);
  }
  if (client === "wget of busybox") link("wget", "/usr/bin/busybox");
  else if (client !== "none" && client !== "busybox") link(client, `/usr/bin/${client}`);
  else if (client === "busybox") link("busybox", "/usr/bin/busybox");
  // What would touch the machine that the tests run on.
  const harmless = { systemctl: "#!/bin/sh\n", reboot: "#!/bin/sh\n" };
  // Fifty times as fast as the clock.
  const sleep = '#!/bin/sh\nexec /usr/bin/sleep "$(/usr/bin/awk "BEGIN { print $1 / 50 }")"\n';
  for (const [name, text] of Object.entries({ ...harmless, sleep, ...programs }))
    writeFileSync(join(folder, name), text, { mode: 0o755, flag: "wx" });
  return folder;
}

/** A step that counts its runs beside the agent's marks. */
export const counting = (name: string, more = "") => ({
  type: "script",
  name,
  script: `#!/bin/sh\necho run >>"$BOOTQUEUE_AGENT_STATE/${name}.runs"\n${more}`,
});

export function runsOf(machine: AgentMachine, name: string): number {
  const file = join(machine.state, `${name}.runs`);
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").length : 0;
}
