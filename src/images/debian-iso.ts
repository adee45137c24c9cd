import { firstOf, type IsoContent, type Recognised, releaseIn, sizeOf, slug } from "./iso-content.ts";
import { memoryNeed } from "./memory-need.ts";

const DISC_KERNELS = ["/install.amd/vmlinuz", "/install.a64/vmlinuz", "/install.386/vmlinuz", "/install/vmlinuz"];

/** ISOs of Debian: the small one of netboot, and installation discs. */
export function recogniseDebian(iso: IsoContent): Recognised | null {
  return recogniseMini(iso) ?? recogniseDisc(iso);
}

/** `mini.iso`, which loads everything from a mirror. */
function recogniseMini(iso: IsoContent): Recognised | null {
  const info = iso.marks.get("/.disk/mini-info");
  if (info === undefined || !iso.files.has("/linux") || !iso.files.has("/initrd.gz")) return null;
  const release = releaseIn(info);
  return {
    product: "debian",
    release,
    title: `Debian installer ${release}`.trim(),
    attended: null,
    takes: [
      { role: "kernel", from: "/linux", to: "linux" },
      { role: "initrd", from: "/initrd.gz", to: "initrd.gz" },
    ],
    disc: { type: "left-out" },
    memoryMib: memoryNeed({ initrd: sizeOf(iso, ["/initrd.gz"]), beside: 0, runningMib: 512 }),
  };
}

/** netinst, DVD and the like. */
function recogniseDisc(iso: IsoContent): Recognised | null {
  const info = iso.marks.get("/.disk/info")?.split("\n", 1)[0]?.trim() ?? "";
  const kernel = firstOf(iso, DISC_KERNELS);
  if (!info.startsWith("Debian GNU/Linux") || kernel === null) return null;
  const folder = kernel.slice(0, kernel.lastIndexOf("/"));
  const initrd = firstOf(iso, [`${folder}/initrd.gz`]);
  if (initrd === null) return null;
  const [, edition = "disc"] = /\b(netinst|dvd|bd|cd)\b/i.exec(info) ?? [];
  return {
    product: `debian-${slug(edition)}`,
    release: releaseIn(info),
    title: info.replace(/ - .*$/, "").slice(0, 80),
    attended:
      "the installer of this disc looks for its packages on a disc in the machine; for the network take Debian's " +
      "mini.iso, or linux and initrd.gz of its package debian-installer-12-netboot-amd64",
    takes: [
      { role: "kernel", from: kernel, to: "vmlinuz" },
      { role: "initrd", from: initrd, to: "initrd.gz" },
    ],
    disc: { type: "left-out" },
    memoryMib: memoryNeed({ initrd: sizeOf(iso, [initrd]), beside: 0, runningMib: 512 }),
  };
}
