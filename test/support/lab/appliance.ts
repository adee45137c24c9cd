import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type {
  FootprintView,
  HostDetailView,
  HostsView,
  HostView,
  SlotsView,
  SlotView,
  TimelineView,
} from "../../../src/http/contract.ts";
import type { Lab, LabProcess } from "./lab.ts";

/** What a lab's appliance is told; left out, it is as `scripts/demo` has it. */
export interface ApplianceOptions {
  /** How many, with addresses from 10.11.0.2 on. */
  readonly slots: number;
  /** Lines for the configuration's `[dhcp]`, `[queue]` and so on. */
  readonly moreConfig?: string;
  /** The installer's arguments, such as `standin.release=9.1`. */
  readonly kernelArgs?: string;
  /** The profile says `secure_boot`. */
  readonly secureBoot?: boolean;
  /** The profile's `image`; the installer stand-in is in a folder that is called `lab-installer`. */
  readonly image?: string;
  /** The profile's table `[disk_setup]`. */
  readonly diskSetup?: string;
  /** All of the profile, instead of one for the installer stand-in. */
  readonly profile?: string;
  /** Files that are put into `assets/`, by path. */
  readonly assets?: Readonly<Record<string, string>>;
  /** The installed systems are whole ones, which join a cluster. `operatorKey`: a public key that may log in. */
  readonly cluster?: { readonly operatorKey: string };
}

/** The real daemon, in the gateway's namespace, with a configuration and a profile as an operator would write them. */
export class Appliance {
  readonly configPath: string;
  readonly #lab: Lab;
  readonly #folder: string;
  #daemon: LabProcess | null = null;
  #starts = 0;

  /** Writes its files; `start` starts it. */
  constructor(lab: Lab, options: ApplianceOptions) {
    this.#lab = lab;
    this.#folder = join(lab.folder, "appliance");
    this.configPath = join(this.#folder, "bootqueue.toml");
    mkdirSync(join(this.#folder, "profiles"), { recursive: true });
    writeFileSync(this.configPath, configText(this.#folder, options));
    writeFileSync(join(this.#folder, "profiles", "pve.toml"), options.profile ?? profileText(options));
    for (const [from, to] of [
      ["boot-loaders", "assets"],
      [options.cluster === undefined ? "installer" : "node-installer", "assets/lab-installer"],
    ] as const) {
      const source = join(BUILD, from);
      if (!existsSync(source)) throw new Error(`wanted ${source}, which is not there; run test/support/lab/build`);
      cpSync(source, join(this.#folder, to), { recursive: true });
    }
    for (const [path, source] of Object.entries(options.assets ?? {})) {
      mkdirSync(dirname(join(this.#folder, "assets", path)), { recursive: true });
      copyFileSync(source, join(this.#folder, "assets", path));
    }
  }

  /** As an operator would. Resolves when it serves; rejects with its own words when it does not start. */
  async start(): Promise<void> {
    this.#starts += 1;
    const argv = [process.execPath, MAIN, "serve", "--config", this.configPath];
    const daemon = this.#lab.start("gw", `daemon-${this.#starts}`, argv);
    this.#daemon = daemon;
    const until = Date.now() + START_MS;
    while (Date.now() < until && daemon.isRunning) {
      if (readFileSync(daemon.logPath, "utf8").includes('"ready"')) return;
      await sleep(50);
    }
    const words = readFileSync(daemon.logPath, "utf8").trim().split("\n").slice(-3).join(" | ");
    throw new Error(`the daemon did not start: ${words || "it said nothing"}`);
  }

  /** `SIGKILL` is what a power cut looks like to it. Resolves when it is gone. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#daemon?.kill(signal);
    await this.#daemon?.ended;
  }

  get isRunning(): boolean {
    return this.#daemon?.isRunning ?? false;
  }

  /** The last lines of its log. */
  logTail(count: number): readonly string[] {
    if (this.#daemon === null || statSync(this.#daemon.logPath).size === 0) return [];
    return readFileSync(this.#daemon.logPath, "utf8").trim().split("\n").slice(-count);
  }

  async hosts(): Promise<readonly HostView[]> {
    return ((await this.ask("GET", "/api/hosts")) as HostsView).hosts;
  }

  async slots(): Promise<readonly SlotView[]> {
    return ((await this.ask("GET", "/api/slots")) as SlotsView).slots;
  }

  /** Of the host that has this hardware address; null: there is none. */
  async hostOf(mac: string): Promise<HostView | null> {
    return (await this.hosts()).find((host) => host.macs.includes(mac)) ?? null;
  }

  async detailOf(host: HostView): Promise<HostDetailView> {
    return (await this.ask("GET", `/api/hosts/${host.id}`)) as HostDetailView;
  }

  /** What was done and not done for one hardware address, oldest first. */
  async timelineOf(mac: string): Promise<readonly FootprintView[]> {
    return ((await this.ask("GET", `/api/timeline?mac=${mac}&limit=5000`)) as TimelineView).footprints;
  }

  /** One request to the operator's Unix socket. Rejects unless it succeeds. */
  ask(method: "GET" | "POST", path: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.#folder, "bootqueue.sock");
      // A connection of its own: one that was kept may be closed by the daemon in the moment in which it is used again.
      const options = { socketPath, method, path, agent: false, headers: { host: "localhost" }, timeout: 10_000 };
      const asked = request(options, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => {
          text += part;
        });
        answer.on("end", () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        });
      });
      asked.on("timeout", () => asked.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
      asked.on("error", reject);
      asked.end();
    });
  }

  /** What `bootqueue` with these arguments prints. Rejects when it fails. */
  command(...args: string[]): string {
    return this.#lab.run("gw", [process.execPath, MAIN, "--config", this.configPath, ...args]);
  }

  /** The same for a command that waits for something that this process serves. */
  commandBeside(...args: string[]): Promise<string> {
    return this.#lab.runBeside("gw", [process.execPath, MAIN, "--config", this.configPath, ...args]);
  }
}

/** Names of the first slots; the ones behind them are numbered. */
const HOSTNAMES = ["peach-beach", "amber-cliff", "cedar-creek", "hazel-grove", "stone-bridge", "willow-pond"];

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const MAIN = join(REPOSITORY, "dist", "main.js");
const BUILD = join(REPOSITORY, "build", "lab");
const START_MS = 20_000;

function configText(folder: string, { slots, moreConfig, cluster }: ApplianceOptions): string {
  const entries = Array.from({ length: slots }, (_, index) => {
    const hostname = HOSTNAMES[index] ?? `node${index + 1}`;
    return `[[slot]]\nip = "10.11.0.${index + 2}"\nhostname = "${hostname}"\nprofile = "pve"\n`;
  });
  return `# A rack of the lab.
[network]
interface = "eth0"
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"

[operator]
socket = "${folder}/bootqueue.sock"

[paths]
state = "${folder}/state"
assets = "${folder}/assets"
profiles = "${folder}/profiles"

${cluster === undefined ? "" : '[[cluster]]\nname = "lab"\nssh_minutes = 5\nquorum_minutes = 5\n'}
${moreConfig ?? ""}
${entries.join("\n")}`;
}

function profileText({ kernelArgs, diskSetup, secureBoot, image, cluster }: ApplianceOptions): string {
  return `kind = "proxmox"${secureBoot ? "\nsecure_boot = true" : ""}
image = "${image ?? "lab-installer"}"${cluster === undefined ? "" : '\ncluster = "lab"'}
kernel_args = "${["console=ttyS0", kernelArgs].filter(Boolean).join(" ")}"

[global]
country = "de"
timezone = "Europe/Berlin"
mailto = "ops@lab.example"
root_password_hashed = "${PASSWORD_HASH}"
root_ssh_keys = ["${cluster?.operatorKey ?? SSH_KEY}"]

[disk_setup]
${diskSetup ?? 'filesystem = "ext4"\ndisk_list = ["vda"]'}

${cluster === undefined ? MARKED_DISK : WHOLE_SYSTEM}`;
}

/** The marked disk only says its name; it cannot phone home. */
const MARKED_DISK = `[first_boot]
script = "#!/bin/sh\\nexit 0\\n"
phone_home = false
`;

const WHOLE_SYSTEM = `[first_boot]

[[first_boot.steps]]
type = "script"
name = "say-hello"
script = "#!/bin/sh\\necho hello > /etc/hello\\n"
`;

/** Of a password that nobody knows. */
const PASSWORD_HASH =
  "$6$bootqueuelab0000$oCwUyLwZdIhVdWwXG0bZ3uPBrXq3PSqQb9h1cGg1pmVdbUKVJ6Kf9E4o7XKJ0mFqDXX5tSLXpGkGhF0mJrn1X/";
const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPnGTyvP7UH3pyx3hbYpTvpfu1ppy4hWAQxVwdUmsbBv lab";
