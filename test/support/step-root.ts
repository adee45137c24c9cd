import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { renderStep } from "../../src/firstboot/render-step.ts";
import { shellFiles } from "../../src/firstboot/shell-files.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import { stepOf } from "./first-boot-step.ts";
import { TARGET } from "./proxmox-profile.ts";

export const STEP_SHELLS = ["dash", "busybox", "bash"] as const;

const TOOLS =
  "awk cat chmod cmp cp cut date dirname echo grep head mkdir mv printf rm sed sh sleep sort tail tr uniq wc yes".split(
    " ",
  );

/** A system that is a folder, and programs that only take notes of how they were called. */
export class StepRoot {
  readonly path = mkdtempSync(join(tmpdir(), "step-root-"));
  readonly #shell: (typeof STEP_SHELLS)[number];
  readonly #programs = new Set<string>();

  constructor(shell: (typeof STEP_SHELLS)[number], files: Readonly<Record<string, string>> = {}) {
    this.#shell = shell;
    mkdirSync(join(this.path, "tools"));
    for (const tool of TOOLS) {
      const found = ["/usr/bin", "/bin"].map((place) => join(place, tool)).find(existsSync);
      // Of busybox, where that is the shell, as far as it has them.
      if (found !== undefined)
        symlinkSync(shell === "busybox" && tool !== "sh" ? "/usr/bin/busybox" : found, join(this.path, "tools", tool));
    }
    this.write({ "state/.keep": "", "proc/sys/kernel/random/boot_id": "boot-1\n", ...files });
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), text);
    }
  }

  /** A program that writes down its arguments, and then runs `more`, in which `$R` is the root. */
  program(name: string, more = ""): void {
    const text = `#!/bin/sh\nR=${this.path}\necho "${name} $*" >>"$R/calls"\n${more}\n`;
    const file = join(this.path, "tools", name);
    // It may be a link to the real one, which must not be written through.
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o755, flag: "wx" });
    this.#programs.add(name);
  }

  /** Runs it as the agent would; the address of the machine is 10.10.1.21. */
  run(step: Readonly<Record<string, unknown>>) {
    const target = { ...TARGET, address: "10.10.1.21" as Ipv4Address, subnet: "10.10.1.0/24" as Ipv4Subnet };
    const { program } = renderStep(stepOf(step), target, shellFiles());
    if (program === null) throw new Error("this step has no program");
    const file = join(this.path, "program");
    writeFileSync(file, `${this.#functions()}${program}`);
    // None of it is for the machine that the tests run on, so none of it may touch that.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    if ("uid" in nobody) spawnSync("/usr/bin/chown", ["-R", "65534:65534", this.path]);
    const { status, stdout, stderr } = spawnSync(
      `/usr/bin/${this.#shell}`,
      this.#shell === "busybox" ? ["sh", file] : [file],
      {
        encoding: "utf8",
        ...nobody,
        env: {
          PATH: join(this.path, "tools"),
          BOOTQUEUE_ROOT: this.path,
          BOOTQUEUE_AGENT_STATE: join(this.path, "state"),
          BOOTQUEUE_PROC: join(this.path, "proc"),
          BOOTQUEUE_SYS: join(this.path, "sys"),
        },
      },
    );
    return { code: status, output: stdout + stderr };
  }

  /** Busybox takes an applet of its own, such as sysctl, before a program on the path; a function goes before both. */
  #functions(): string {
    if (this.#shell !== "busybox") return "";
    const folder = join(this.path, "tools");
    const named = [...this.#programs].filter((name) => /^\w+$/.test(name));
    return named.map((name) => `${name}() { "${folder}/${name}" "$@"; }\n`).join("");
  }

  /** How programs were called since the last time. */
  calls(): string[] {
    const file = join(this.path, "calls");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trim().split("\n");
    rmSync(file);
    return lines.map((line) => line.trimEnd());
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  modeOf(name: string): string {
    return (statSync(join(this.path, name)).mode & 0o777).toString(8);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
