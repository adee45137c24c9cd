import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unitEnvironment } from "./unit-environment.ts";

/** The network that is served, and who serves it. */
export const SERVER = "10.11.0.1";
export const RELAY = "10.11.255.254";

/** How one server is started, with a folder of its own for all that it writes. */
export interface Peer {
  readonly name: PeerName;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type PeerName = "bootqueue" | "kea" | "dnsmasq" | "echo";

export interface PeerOptions {
  readonly folder: string;
  readonly interface: string;
  /** Addresses it has to give. */
  readonly addresses: number;
  /** The daemon's program. */
  readonly main: string;
  /** Flags for Node, such as `--cpu-prof`. */
  readonly nodeFlags: readonly string[];
}

/** Writes the configuration, as each server's own documentation would have it for such a network. */
export function preparePeer(name: PeerName, options: PeerOptions): Peer {
  mkdirSync(options.folder, { recursive: true });
  switch (name) {
    case "bootqueue":
      return bootqueue(options);
    case "kea":
      return kea(options);
    case "dnsmasq":
      return dnsmasq(options);
    case "echo": {
      const script = fileURLToPath(new URL("echo-server.ts", import.meta.url));
      return { name, argv: [process.execPath, "--import", "tsx", script, SERVER], env: {} };
    }
  }
}

function bootqueue({ folder, main, nodeFlags, ...options }: PeerOptions): Peer {
  const config = join(folder, "bootqueue.toml");
  const ranges: string[] = [];
  // A range holds at most 4096.
  for (let from = 0; from < options.addresses; from += 4096) {
    const count = Math.min(4096, options.addresses - from);
    ranges.push(
      "[[slot_range]]",
      `first = "${pooled(from)}"`,
      `count = ${count}`,
      'hostname = "node{n}"',
      `first_number = ${from + 1}`,
      'profile = "pve"',
    );
  }
  writeFileSync(
    config,
    [
      "[network]",
      `interface = "${options.interface}"`,
      `address = "${SERVER}"`,
      'subnet = "10.11.0.0/16"',
      `router = "${SERVER}"`,
      'domain = "lab.example"',
      "[dhcp]",
      // As dnsmasq's --no-ping; and nobody else is there.
      "conflict_probe = false",
      "allow_other_servers = true",
      "[operator]",
      `listen = "${SERVER}:8080"`,
      `socket = "${folder}/bootqueue.sock"`,
      "[paths]",
      `state = "${folder}/state"`,
      `assets = "${folder}/assets"`,
      `profiles = "${folder}/profiles"`,
      ...ranges,
      "",
    ].join("\n"),
  );
  mkdirSync(join(folder, "profiles"), { recursive: true });
  mkdirSync(join(folder, "assets"), { recursive: true });
  writeFileSync(join(folder, "profiles", "pve.toml"), PROFILE);
  const env = unitEnvironment();
  // As the launcher does.
  const flags = env.BOOTQUEUE_NODE_FLAGS?.split(" ") ?? [];
  return {
    name: "bootqueue",
    argv: [process.execPath, ...flags, ...nodeFlags, main, "serve", "--config", config],
    env,
  };
}

/** The lease file as shipped: appended to, persistent. Logs as Debian's configuration does, into a file. */
function kea({ folder, ...options }: PeerOptions): Peer {
  const config = join(folder, "kea.json");
  const last = pooled(options.addresses - 1);
  const dhcp4 = {
    "interfaces-config": { interfaces: [options.interface], "dhcp-socket-type": "udp" },
    "lease-database": { type: "memfile", persist: true, name: join(folder, "leases.csv"), "lfc-interval": 3600 },
    "valid-lifetime": 3600,
    subnet4: [
      {
        subnet: "10.11.0.0/16",
        pools: [{ pool: `${pooled(0)} - ${last}` }],
        "next-server": SERVER,
        "boot-file-name": "snponly.efi",
        "option-data": [
          { name: "routers", data: SERVER },
          { name: "domain-name-servers", data: SERVER },
          { name: "domain-name", data: "lab.example" },
        ],
      },
    ],
    loggers: [
      { name: "kea-dhcp4", output_options: [{ output: join(folder, "kea.log") }], severity: "INFO", debuglevel: 0 },
    ],
  };
  writeFileSync(config, JSON.stringify({ Dhcp4: dhcp4 }));
  const env = { KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder };
  return { name: "kea", argv: ["kea-dhcp4", "-c", config], env };
}

function dnsmasq({ folder, ...options }: PeerOptions): Peer {
  const argv = [
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--user=root",
    "--port=0",
    `--interface=${options.interface}`,
    "--bind-interfaces",
    `--dhcp-range=${pooled(0)},${pooled(options.addresses - 1)},255.255.0.0,1h`,
    `--dhcp-lease-max=${options.addresses}`,
    `--dhcp-leasefile=${join(folder, "leases")}`,
    `--dhcp-boot=snponly.efi,,${SERVER}`,
    "--domain=lab.example",
    // Otherwise it pings each address first, and waits.
    "--no-ping",
    `--log-facility=${join(folder, "dnsmasq.log")}`,
    `--pid-file=${join(folder, "dnsmasq.pid")}`,
  ];
  return { name: "dnsmasq", argv, env: {} };
}

/** The `n`th address that is given out. */
function pooled(n: number): string {
  const host = 64 * 256 + 1 + n;
  return `10.11.${host >> 8}.${host & 255}`;
}

const PROFILE = `kind = "proxmox"
image = "pve"
[global]
keyboard = "en-us"
country = "de"
timezone = "Europe/Berlin"
mailto = "root@lab.example"
root_password_hashed = "$y$j9T$abcdefghijklmnopqrstu.$0123456789012345678901234567890123456789012"
[network]
source = "from-answer"
[disk_setup]
filesystem = "ext4"
disk_list = ["sda"]
`;
