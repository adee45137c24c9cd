import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { preparePeer, SERVER } from "./peers.ts";
import type { Program } from "./running.ts";

export interface HttpPeerOptions {
  /** Of its own, for all that it writes. */
  readonly folder: string;
  readonly interface: string;
  /** What is served, by its name below the root: the path of the file. On the same file system as `folder`. */
  readonly files: Readonly<Record<string, string>>;
  /** Addresses to give. */
  readonly addresses: number;
  /** The daemon's program. */
  readonly main: string;
  /** Flags for Node, such as `--cpu-prof`. */
  readonly nodeFlags: readonly string[];
}

/** The name of the image whose `linux26` and `initrd.img` machines boot. */
export const IMAGE = "pve";

/** Everything in one process; files are below /assets. */
export function prepareBootqueue(options: HttpPeerOptions): Program {
  const { argv, env } = preparePeer("bootqueue", options);
  linkFiles(options, join(options.folder, "assets"));
  writeFileSync(join(options.folder, "profiles", "pve.toml"), PROFILE);
  return { name: "bootqueue", argv, env };
}

/** As Debian ships it (sendfile, nopush, a log of accesses), in one process; files are below /assets as well. */
export function prepareNginx(options: HttpPeerOptions, port = 80): Program {
  const { folder } = options;
  linkFiles(options, join(folder, "files", "assets"));
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  sendfile on;
  tcp_nopush on;
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  server { listen ${SERVER}:${port}; root ${folder}/files; }
}
`,
  );
  return { name: "nginx", argv: ["nginx", "-p", folder, "-c", config], env: {}, tcpPort: port };
}

/** dnsmasq, nginx and a small answer server: what is used together where there is no appliance. */
export function prepareReference(options: HttpPeerOptions): readonly Program[] {
  const { folder } = options;
  const [hosts, boot] = [join(folder, "hosts"), join(folder, "tftp")];
  mkdirSync(hosts, { recursive: true });
  linkFiles(options, boot);
  const nginx = prepareNginx(options);
  const asset = (name: string) => `http://${SERVER}/assets/${IMAGE}/${name}`;
  const script = `#!ipxe\nkernel ${asset("linux26")} initrd=initrd.img\ninitrd ${asset("initrd.img")}\nboot\n`;
  writeFileSync(join(folder, "files", "boot.ipxe"), script);
  const last = 64 * 256 + options.addresses;
  const dnsmasq = [
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--user=root",
    "--port=0",
    `--interface=${options.interface}`,
    "--bind-interfaces",
    `--dhcp-range=10.11.64.1,10.11.${last >> 8}.${last & 255},255.255.0.0,1h`,
    `--dhcp-lease-max=${options.addresses}`,
    `--dhcp-leasefile=${join(folder, "leases")}`,
    "--dhcp-match=set:ipxe,175",
    `--dhcp-boot=tag:!ipxe,snponly.efi,,${SERVER}`,
    `--dhcp-boot=tag:ipxe,http://${SERVER}/boot.ipxe,,${SERVER}`,
    `--dhcp-option=250,http://${SERVER}:${ANSWER_PORT}/answer`,
    // Who is installed is written in here, and ignored from then on.
    `--dhcp-hostsdir=${hosts}`,
    // Otherwise it pings each address first, and waits.
    "--no-ping",
    "--enable-tftp",
    `--tftp-root=${boot}`,
    "--tftp-max=1000",
    `--log-facility=${join(folder, "dnsmasq.log")}`,
    `--pid-file=${join(folder, "dnsmasq.pid")}`,
  ];
  const server = fileURLToPath(new URL("answer-server.ts", import.meta.url));
  const answers = [process.execPath, "--import", "tsx", server, SERVER, `${ANSWER_PORT}`, hosts];
  return [
    { name: "dnsmasq", argv: dnsmasq, env: {} },
    nginx,
    { name: "answers", argv: answers, env: {}, tcpPort: ANSWER_PORT },
  ];
}

const ANSWER_PORT = 8000;

/** Hard links: our daemon serves nothing that a symbolic link fetches from elsewhere. */
function linkFiles({ files }: HttpPeerOptions, root: string): void {
  for (const [name, path] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    linkSync(path, join(root, name));
  }
}

const PROFILE = `kind = "proxmox"
image = "${IMAGE}"
iso = false
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
