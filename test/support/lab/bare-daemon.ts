import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { SlotsView, StatusView, TimelineView } from "../../../src/http/contract.ts";
import type { Lab, LabProcess } from "./lab.ts";

/** The real daemon from its sources, without boot loaders and installers: for tests of the network alone. */
export class BareDaemon {
  readonly configPath: string;
  readonly #lab: Lab;
  readonly #folder: string;
  #process: LabProcess | null = null;
  #starts = 0;

  /** `config`: everything but `[operator]` and `[paths]`. `[[slot]]` entries may name the profile `pve`. */
  constructor(lab: Lab, config: string, name = "daemon") {
    this.#lab = lab;
    this.#folder = join(lab.folder, name);
    this.configPath = join(this.#folder, "bootqueue.toml");
    mkdirSync(join(this.#folder, "profiles"), { recursive: true });
    mkdirSync(join(this.#folder, "assets"), { recursive: true });
    writeFileSync(join(this.#folder, "profiles", "pve.toml"), PROFILE);
    this.configure(config);
  }

  /** For the next start. */
  configure(config: string): void {
    const [folder, paths] = [this.#folder, ["state", "assets", "profiles"]];
    const places = paths.map((name) => `${name} = "${folder}/${name}"`).join("\n");
    writeFileSync(this.configPath, `[operator]\nsocket = "${folder}/bootqueue.sock"\n[paths]\n${places}\n${config}`);
  }

  /** Of `serve`; `before` stands in front, such as a program that opens its sockets. */
  command(...before: string[]): string[] {
    return [...before, process.execPath, "--import", "tsx", MAIN, "serve", "--config", this.configPath];
  }

  /** Resolves when it serves; rejects with its own words when it does not start. */
  async start(...before: string[]): Promise<void> {
    this.#process = this.#lab.start("gw", `bare-daemon-${++this.#starts}`, this.command(...before));
    const until = Date.now() + START_MS;
    while (Date.now() < until && this.#process.isRunning) {
      if (this.log().includes('"ready"')) return;
      await sleep(50);
    }
    if (this.#process.isRunning) throw new Error(`the daemon was not ready in time: ${this.log()}`);
    throw new Error(this.log().trim());
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    this.#process?.kill(signal);
    return (await this.#process?.ended) ?? null;
  }

  log(): string {
    return this.#process === null ? "" : readFileSync(this.#process.logPath, "utf8");
  }

  status(): Promise<StatusView> {
    return this.ask("GET", "/api/status") as Promise<StatusView>;
  }

  async slots(): Promise<string> {
    const { slots } = (await this.ask("GET", "/api/slots")) as SlotsView;
    return slots.map(({ hostname, state }) => `${hostname} ${state}`).join(", ");
  }

  /** Absent: of everybody. */
  async timeline(mac?: string): Promise<readonly string[]> {
    const whose = mac === undefined ? "" : `&mac=${mac}`;
    const { footprints } = (await this.ask("GET", `/api/timeline?limit=5000${whose}`)) as TimelineView;
    return footprints.map(({ mac, what, why }) => `${mac ?? "-"} ${what}${why === "" ? "" : `: ${why}`}`);
  }

  /** One request to the operator's Unix socket. Rejects unless it succeeds. */
  ask(method: "GET" | "POST", path: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.#folder, "bootqueue.sock");
      const asked = request({ socketPath, method, path, headers: { host: "localhost" }, timeout: 10_000 }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => {
          text += part;
        });
        answer.on("end", () => {
          const isJson = answer.headers["content-type"]?.includes("json") ?? false;
          if (answer.statusCode === 200) resolve(isJson ? JSON.parse(text) : text);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        });
      });
      asked.on("timeout", () => asked.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
      asked.on("error", reject);
      asked.end();
    });
  }
}

/** Waits for something that happens in another process. */
export async function until(what: string, happened: () => boolean | Promise<boolean>, patienceMs = 60_000) {
  const deadline = Date.now() + patienceMs;
  while (!(await happened())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await sleep(50);
  }
}

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const START_MS = 60_000;

const PROFILE = `kind = "proxmox"
image = "none"

[global]
country = "de"
timezone = "Europe/Berlin"
mailto = "ops@lab.example"
root_password_hashed = "$6$bootqueuelab0000$oCwUyLwZdIhVdWwXG0bZ3uPBrXq3PSqQb9h1cGg1pmVdbUKVJ6Kf9E4o7XKJ0mFqDXX5tSLXpGkGhF0mJrn1X/"
root_ssh_keys = []

[disk_setup]
filesystem = "ext4"
disk_list = ["vda"]
`;
