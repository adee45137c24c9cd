import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { proxmoxInfo } from "./iso-content.ts";

/** What stands in an ISO: octets, text, or where a link leads. */
export type IsoEntry = Buffer | string | { readonly link: string };

/** Makes an ISO 9660 image with Rock Ridge names out of these files. Needs xorriso. */
export function makeIso(to: string, files: Readonly<Record<string, IsoEntry>>, volumeId = "TEST"): string {
  const tree = mkdtempSync(join(tmpdir(), "bootqueue-iso-"));
  try {
    for (const [path, entry] of Object.entries(files)) {
      const file = join(tree, path);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof entry === "object" && "link" in entry) symlinkSync(entry.link, file);
      else writeFileSync(file, entry);
    }
    const words = ["-as", "mkisofs", "-quiet", "-R", "-V", volumeId, "-o", to, tree];
    execFileSync("xorriso", words, { stdio: ["ignore", "ignore", "ignore"] });
    return to;
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** What begins like a kernel for x86, and is none. */
export function fakeKernel(sizeBytes = 8192): Buffer {
  const kernel = Buffer.alloc(sizeBytes, "kernel ");
  kernel.writeUInt16LE(0xaa55, 510);
  kernel.write("HdrS", 0x202, "latin1");
  return kernel;
}

/** The files of an ISO of Proxmox, small. `changes`: null leaves one out. */
export function proxmoxFiles(
  release = "9.2",
  changes: Readonly<Record<string, IsoEntry | null>> = {},
): Readonly<Record<string, IsoEntry>> {
  const files: Record<string, IsoEntry | null> = {
    ".cd-info": proxmoxInfo("pve", release),
    ".disk/info": proxmoxInfo("pve", release),
    ".pve-cd-id.txt": "0123-4567\n",
    "auto-installer-capable": "",
    "boot/linux26": fakeKernel(),
    // Of an odd length, so that what is put behind it has to be aligned.
    "boot/initrd.img": Buffer.alloc(100_003, "initrd "),
    "boot/grub/grub.cfg": "menuentry 'Install' {}\n",
    "pve-base.squashfs": Buffer.alloc(3_000_000, "squashfs "),
    "proxmox/packages/pve.deb": Buffer.alloc(20_000, "deb "),
    ...changes,
  };
  return Object.fromEntries(Object.entries(files).flatMap(([path, entry]) => (entry === null ? [] : [[path, entry]])));
}
