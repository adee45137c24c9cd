import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { preparePeer, SERVER } from "./peers.ts";
import type { Program } from "./running.ts";

export type TftpPeerName = "bootqueue" | "tftpd-hpa" | "atftpd" | "dnsmasq";

export interface TftpPeerOptions {
  /** Of its own, for all that it writes. */
  readonly folder: string;
  readonly interface: string;
  /** The file that is served, under the name `boot`. */
  readonly bytes: Uint8Array;
  /** Where `unpackPeers` put their programs. */
  readonly programs: string;
  /** The daemon's program. */
  readonly main: string;
  /** Flags for Node, such as `--cpu-prof`. */
  readonly nodeFlags: readonly string[];
}

/**
 * The two servers conflict as packages, and neither needs to be installed to run: both are unpacked into `folder`,
 * with the one library they need.
 */
export function unpackPeers(folder: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("apt-get", ["--quiet", "download", "tftpd-hpa", "atftpd", "libwrap0"], { cwd: folder, stdio: "ignore" });
  execFileSync("sh", ["-c", 'for package in *.deb; do dpkg-deb --extract "$package" .; done'], { cwd: folder });
}

/** With room for as many clients as are measured, and otherwise as shipped. */
export function prepareTftpPeer(name: TftpPeerName, options: TftpPeerOptions): Program {
  const { folder, programs } = options;
  const files = join(folder, name === "bootqueue" ? "assets" : "files");
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, "boot"), options.bytes);
  const env = { LD_LIBRARY_PATH: join(programs, "usr/lib/x86_64-linux-gnu") };
  switch (name) {
    case "bootqueue": {
      const { argv, env } = preparePeer("bootqueue", { ...options, addresses: 1 });
      return { name, argv, env, port: 69 };
    }
    case "tftpd-hpa": {
      const program = join(programs, "usr/sbin/in.tftpd");
      const argv = [program, "--foreground", "--user", "root", "--address", `${SERVER}:69`, "--secure", files];
      return { name, argv, env, port: 69 };
    }
    case "atftpd": {
      const program = join(programs, "usr/sbin/atftpd");
      const own = ["--user", "root", "--group", "root", "--maxthread", "1000", "--logfile", join(folder, "atftpd.log")];
      return { name, argv: [program, "--daemon", "--no-fork", ...own, "--bind-address", SERVER, files], env, port: 69 };
    }
    case "dnsmasq": {
      const argv = [
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
        "--port=0",
        `--interface=${options.interface}`,
        "--bind-interfaces",
        "--enable-tftp",
        `--tftp-root=${files}`,
        "--tftp-max=1000",
        `--log-facility=${join(folder, "dnsmasq.log")}`,
        `--pid-file=${join(folder, "dnsmasq.pid")}`,
      ];
      return { name, argv, env: {}, port: 69 };
    }
  }
}
