import { firstOf, type IsoContent, type Recognised, releaseIn, sizeOf, slug, type Take } from "./iso-content.ts";
import { memoryNeed } from "./memory-need.ts";

const KERNEL = "/images/pxeboot/vmlinuz";
const INITRD = "/images/pxeboot/initrd.img";
const STAGE2 = ["/images/install.img", "/LiveOS/squashfs.img"];

/**
 * ISOs of Fedora and its relatives, whose installer is Anaconda. It fetches its second stage from a tree
 * (`inst.stage2=`), and the packages from a mirror or wherever the kickstart file says.
 */
export function recogniseAnaconda(iso: IsoContent): Recognised | null {
  const { family, version, kernel, initrd, stage2 } = paths(iso);
  if (family === "" || kernel === null || initrd === null) return null;
  const treeinfo: Take[] = iso.files.has("/.treeinfo")
    ? [{ role: "treeinfo", from: "/.treeinfo", to: "tree/.treeinfo" }]
    : [];
  return {
    product: slug(family.replace(/ Linux$/i, "")),
    release: version,
    title: `${family} ${version}`.trim().slice(0, 80),
    attended: stage2 === null ? `it has no ${STAGE2[0]}, the second stage of its installer` : null,
    takes: [
      { role: "kernel", from: kernel, to: "vmlinuz" },
      { role: "initrd", from: initrd, to: "initrd.img" },
      ...(stage2 === null ? [] : [...treeinfo, { role: "stage2", from: stage2, to: `tree${stage2}` } as const]),
    ],
    disc: { type: "left-out" },
    memoryMib: memoryNeed({
      initrd: sizeOf(iso, [initrd]),
      beside: stage2 === null ? 0 : sizeOf(iso, [stage2]),
      runningMib: 1024,
    }),
  };
}

/** As `.treeinfo` says (productmd), else where they always are. A path that the ISO does not have counts as not said. */
function paths(iso: IsoContent) {
  const tree = readIni(iso.marks.get("/.treeinfo") ?? "");
  const general = tree.get("general");
  const images = tree.get(`images-${general?.get("arch") ?? ""}`);
  const said = (path: string | undefined) => (path === undefined ? [] : [`/${path}`]);
  // Seconds since 1970, release, architecture: a line each.
  const [, release = ""] = (iso.marks.get("/.discinfo") ?? "").split("\n");
  const [volumeFamily = ""] = iso.volumeId.split(/[-_]/);
  return {
    family: printable(general?.get("family") ?? (iso.marks.has("/.discinfo") ? volumeFamily : "")),
    version: releaseIn(general?.get("version") ?? release),
    kernel: firstOf(iso, [...said(images?.get("kernel")), KERNEL]),
    initrd: firstOf(iso, [...said(images?.get("initrd")), INITRD]),
    stage2: firstOf(iso, STAGE2),
  };
}

function readIni(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, heading] = /^\[([^\]]+)\]\s*$/.exec(line) ?? [];
    const [, key, value] = /^([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (heading !== undefined) {
      section = new Map();
      sections.set(heading, section);
    } else if (key !== undefined && value !== undefined) section.set(key, value);
  }
  return sections;
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "").trim();
}
