import { firstOf, type IsoContent, type Recognised, releaseIn, sizeOf, slug, type Unusable } from "./iso-content.ts";
import { memoryNeed } from "./memory-need.ts";

const KERNELS = ["/casper/vmlinuz", "/casper/vmlinuz.efi"];
const INITRDS = ["/casper/initrd", "/casper/initrd.lz", "/casper/initrd.gz"];
/** What the installer that knows autoinstall can install. */
const SOURCES = "/casper/install-sources.yaml";

/**
 * Live ISOs of Ubuntu. Booted from the network, casper downloads the whole ISO into its memory: kernel and initrd hold a
 * mark of the ISO they belong to, and take no other.
 */
export function recogniseUbuntu(iso: IsoContent): Recognised | Unusable | null {
  const info = iso.marks.get("/.disk/info")?.split("\n", 1)[0]?.trim() ?? "";
  // `Ubuntu-Server 24.04.3 LTS "Noble Numbat" - Release amd64 (20250805.1)`
  const [, flavour] = /^((?:[A-Z][a-z]*|[EKLX])?[Uu]buntu(?:-[A-Za-z]+)*)/.exec(info) ?? [];
  if (flavour === undefined) return null;
  const release = releaseIn(info);
  const [kernel, initrd] = [firstOf(iso, KERNELS), firstOf(iso, INITRDS)];
  const title = info.replace(/ - .*$/, "").slice(0, 80);
  if (kernel === null || initrd === null)
    return {
      unusable: `this is an ISO of ${title}, and it has no ${kernel === null ? KERNELS[0] : INITRDS[0]}`,
      hint: "use the live-server ISO as Ubuntu publishes it",
    };
  const product = slug(flavour);
  return {
    product: product === "ubuntu" ? "ubuntu-desktop" : product,
    release,
    title,
    attended: iso.files.has(SOURCES) ? null : `it has no ${SOURCES}: its installer knows no autoinstall`,
    takes: [
      { role: "kernel", from: kernel, to: "vmlinuz" },
      { role: "initrd", from: initrd, to: "initrd" },
    ],
    disc: { type: "served" },
    memoryMib: memoryNeed({ initrd: sizeOf(iso, [initrd]), beside: iso.sizeBytes, runningMib: 1024 }),
  };
}
