import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));

export interface RealNode {
  readonly name: string;
  readonly address: string;
  /** Public lines. */
  readonly hostKeys: readonly string[];
  /** Runs a command of sh on it, and gives back what it printed. */
  run(script: string): string;
  /** As if its plug was pulled. */
  kill(): Promise<void>;
}

/**
 * Machines with a real OpenSSH server and the stand-in for pvecm, each in namespaces of its own: a root file system that
 * is this machine's with a memory on top, a host name, and an address of ours or of a network namespace. Needs root.
 */
export class RealNodes {
  readonly #folder = mkdtempSync(join(tmpdir(), "cluster-nodes-"));
  readonly #nodes: RealNode[] = [];
  readonly #joinSeconds: number;
  readonly #network: readonly string[];

  /** `network`: the name of the network namespace that they share; absent: ours, where all are on the loopback. */
  constructor(joinSeconds: number, network?: string) {
    this.#joinSeconds = joinSeconds;
    this.#network = network === undefined ? [] : ["ip", "netns", "exec", network];
    mkdirSync(this.shared);
  }

  /** What all members share, as this machine sees it. */
  get shared(): string {
    return join(this.#folder, "shared");
  }

  /** `answerKeys`: what the installer wrote into `authorized_keys`. */
  async start(name: string, address: string, answerKeys: readonly string[]): Promise<RealNode> {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    cpSync(HERE, folder, { recursive: true });
    for (const type of ["ed25519", "rsa"]) {
      const made = spawnSync("ssh-keygen", [
        "-q",
        "-t",
        type,
        "-N",
        "",
        "-C",
        `root@${name}`,
        "-f",
        join(folder, `host_${type}`),
      ]);
      if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
    }
    writeFileSync(join(folder, "authorized_keys"), answerKeys.join("\n"));
    writeFileSync(
      join(folder, "pve-standin.conf"),
      `NODE=${name}\nADDRESSES="${address}"\nSHARED=/srv/pve-shared\nSSH_PORT=22\nJOIN_SECONDS=${this.#joinSeconds}\nLOCK_SECONDS=2\nROOT_PASSWORD=rainbow\n`,
    );
    writeFileSync(join(folder, "sshd_config"), sshdConfig(address));
    writeFileSync(join(folder, "start"), START);
    chmodSync(join(folder, "start"), 0o755);
    const options = ["--mount", "--propagation", "private", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"];
    // A test that is killed must not leave servers behind: the next one would meet their host keys.
    const guard = ["setpriv", "--pdeathsig", "KILL"];
    const [command = "", ...first] = [...guard, ...this.#network, "unshare", ...options, join(folder, "start")];
    const child = spawn(command, [...first, folder, this.shared, name], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr?.on("data", (part) => {
      said += String(part);
    });
    await listening([...this.#network, "bash"], address, child, () => said);
    const inside = spawnSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" }).stdout.trim();
    const node: RealNode = {
      name,
      address,
      hostKeys: ["ed25519", "rsa"].map((type) => readFileSync(join(folder, `host_${type}.pub`), "utf8").trim()),
      run(script) {
        const enter = [
          "--target",
          inside,
          "--mount",
          "--uts",
          "--pid",
          "--root",
          "sh",
          "-c",
          `cd /; exec 2>&1; ${script}`,
        ];
        return spawnSync("nsenter", enter, { encoding: "utf8" }).stdout;
      },
      kill: () => ended(child),
    };
    this.#nodes.push(node);
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** $1: what belongs to the node; $2: what all share; $3: its name. */
const START = `#!/bin/sh
set -eu
hostname "$3"
cd "$1"
mkdir disk
mount -t tmpfs node disk
mkdir disk/upper disk/work disk/root
mount -t overlay node -o "lowerdir=/,upperdir=$1/disk/upper,workdir=$1/disk/work" disk/root
root="$1/disk/root"
for place in proc dev; do mount --rbind "/$place" "$root/$place"; done
rm -rf "$root/root/.ssh" "$root/run/sshd" "$root/etc/pve" "$root/etc/corosync"
mkdir -p "$root/root/.ssh" "$root/run/sshd" "$root/srv/pve-shared" "$root/etc/ssh"
chmod 700 "$root/root" "$root/root/.ssh"
mount --bind "$2" "$root/srv/pve-shared"
cp pve-standin.conf "$root/etc/"
cp pve-standin-lib "$root/usr/local/lib/"
cp pvecm pvesh pve-standin-boot "$root/usr/bin/"
cp host_ed25519 host_rsa sshd_config "$root/etc/ssh/"
chmod 600 "$root/etc/ssh/host_ed25519" "$root/etc/ssh/host_rsa"
cp authorized_keys "$root/root/.ssh/authorized_keys"
echo root:rainbow | chroot "$root" chpasswd
chroot "$root" pve-standin-boot
exec chroot "$root" /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config
`;

function sshdConfig(address: string): string {
  return `Port 22
ListenAddress ${address}
HostKey /etc/ssh/host_ed25519
HostKey /etc/ssh/host_rsa
PermitRootLogin yes
PasswordAuthentication yes
UsePAM no
PidFile none
LogLevel ERROR
`;
}

async function listening(
  [command = "", ...prefix]: readonly string[],
  address: string,
  child: ChildProcess,
  said: () => string,
): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (child.exitCode !== null) throw new Error(`the node ended: ${said()}`);
    const knock = spawnSync(command, [...prefix, "-c", `exec 3<>/dev/tcp/${address}/22`], { stdio: "ignore" });
    if (knock.status === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the node does not listen: ${said()}`);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
