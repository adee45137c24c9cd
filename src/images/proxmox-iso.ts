import type { IsoContent, Recognised, Unusable } from "./iso-content.ts";
import { memoryNeed } from "./memory-need.ts";

const KERNEL = "/boot/linux26";
const INITRD = "/boot/initrd.img";
/** In the ISOs whose installer understands an answer file. */
const CAPABLE = "/auto-installer-capable";

/** By the word in `PRODUCT`. All of them share one installer. */
const PRODUCTS: Readonly<Partial<Record<string, { readonly name: string; readonly title: string }>>> = {
  pve: { name: "proxmox-ve", title: "Proxmox VE" },
  pbs: { name: "proxmox-backup-server", title: "Proxmox Backup Server" },
  pmg: { name: "proxmox-mail-gateway", title: "Proxmox Mail Gateway" },
  pdm: { name: "proxmox-datacenter-manager", title: "Proxmox Datacenter Manager" },
};

/**
 * ISOs of Proxmox. Booted from the network, the installer looks for the ISO as `/proxmox.iso` in its initramfs, and for
 * the order to install unattended as a file in the root of that ISO. What GRUB needs on a disc, it does not need.
 */
export function recogniseProxmox(iso: IsoContent): Recognised | Unusable | null {
  const info = readInfo(iso.marks.get("/.cd-info") ?? iso.marks.get("/.disk/info") ?? "");
  const product = PRODUCTS[info.PRODUCT ?? ""];
  if (product === undefined) return null;
  const [version = "", issue = ""] = [info.RELEASE, info.ISORELEASE];
  if (!/^\d{1,3}\.\d{1,3}$/.test(version) || !/^[A-Za-z0-9.]{0,20}$/.test(issue)) {
    return {
      unusable: `this is an ISO of ${product.title}, and its /.cd-info tells no release`,
      hint: "use an ISO as Proxmox publishes it",
    };
  }
  const release = issue === "" ? version : `${version}-${issue}`;
  const title = `${product.title} ${release}`;
  const missing = [KERNEL, INITRD].filter((path) => !iso.files.has(path));
  if (missing.length > 0)
    return {
      unusable: `this is an ISO of ${title}, and it has no ${missing.join(" and no ")}`,
      hint: "it was changed or is damaged; use it as Proxmox publishes it",
    };
  if (!iso.files.has(CAPABLE) || (info.PRODUCT === "pve" && isBefore(version, 8, 2)))
    return {
      unusable: `${title} cannot be installed unattended`,
      hint: "its automated installation came with Proxmox VE 8.2 (April 2024) and its contemporaries; use a newer ISO",
    };
  const boot = [...iso.files].filter(([path]) => path.startsWith("/boot/"));
  const disc = iso.sizeBytes - boot.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
  return {
    product: product.name,
    release,
    title,
    attended: null,
    takes: [
      { role: "kernel", from: KERNEL, to: "linux26" },
      { role: "initrd", from: INITRD, to: "initrd.img" },
    ],
    disc: {
      type: "in-initramfs",
      as: "proxmox.iso",
      without: "/boot",
      // Where the answer is, the machine learns from DHCP (option 250): one ISO for all.
      adds: { path: "/auto-installer-mode.toml", text: 'mode = "http"\n' },
    },
    memoryMib: memoryNeed({ initrd: iso.files.get(INITRD)?.sizeBytes ?? 0, beside: disc, runningMib: 2048 }),
  };
}

/** `NAME='value'`, line by line, as the installer's own programs read it. */
function readInfo(text: string): Readonly<Partial<Record<string, string>>> {
  const lines = [...text.matchAll(/^([A-Z]+)=(['"]?)([^'"\n]*)\2\r?$/gm)];
  return Object.fromEntries(lines.map(([, name = "", , value = ""]) => [name, value]));
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [ours = 0, theirs = 0] = version.split(".").map(Number);
  return ours < major || (ours === major && theirs < minor);
}
