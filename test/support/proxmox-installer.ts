import { systemUuidFromOption } from "../../src/net/system-uuid.ts";
import type { Machine } from "./netboot-machine.ts";

/** What `proxmox-fetch-answer` posts from this machine: capital letters in hardware addresses, as since 9.2. */
export function answerRequest({ macs, uuid97 }: Machine, release = "9.2") {
  const uuid = uuid97 === null ? null : systemUuidFromOption(uuid97);
  return {
    $schema: { version: "1.0" },
    product: { fullname: "Proxmox VE", product: "pve", enable_btrfs: true },
    iso: { release, isorelease: "1" },
    dmi: { system: { serial: "C7Q1", ...(uuid === null ? {} : { uuid }), name: "OptiPlex 7070" } },
    network_interfaces: macs.map((mac, n) => ({ link: `enp${n + 1}s0`, mac: mac.toUpperCase() })),
  };
}

/** What `proxmox-post-hook` posts at the end. */
export function installReport({ macs }: Machine, token?: string) {
  return {
    $schema: { version: "1.2" },
    product: { fullname: "Proxmox VE", short: "pve", version: "9.1.2" },
    "kernel-version": { release: "6.17.2-1-pve" },
    "boot-info": { mode: "efi" },
    "network-interfaces": macs.map((mac, n) => ({ name: `enp${n + 1}s0`, mac, "is-management": n === 0 })),
    "ssh-public-host-keys": { ed25519: "ssh-ed25519 AAAA root@node1" },
    ...(token === undefined ? {} : { token }),
  };
}
