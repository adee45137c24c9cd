import { type IsoContent, type Recognised, sizeOf, type Unusable } from "./iso-content.ts";
import { memoryNeed } from "./memory-need.ts";

const KERNEL = /^(?:vmlinuz|linux|bzImage|Image|kernel)(?:[-._]?[A-Za-z0-9._-]*)?$/;
const INITRD = /^(?:initrd|initramfs|initram|core)(?:[-._]?[A-Za-z0-9._-]*)?$/;
/** What such names also have, and what is no Linux kernel or none for this purpose. */
const BESIDES =
  /memtest|\.(?:cfg|conf|txt|sig|asc|sha\d+|md5|c32|png|mod|efi\.signed)$|^linux\.(?:mod|c32)$|^kernel\.conf$/i;
/** Deeper in the tree are packages and documentation. */
const DEPTH_MAX = 6;

/** Any other Linux: the kernel and the initrd that most look like the ones it boots. */
export function recogniseOther(iso: IsoContent): Recognised | Unusable {
  const named = [...iso.files]
    .filter(([path, { sizeBytes }]) => sizeBytes > 0 && path.split("/").length - 1 <= DEPTH_MAX)
    .map(([path]) => ({
      path,
      folder: path.slice(0, path.lastIndexOf("/")),
      name: path.slice(path.lastIndexOf("/") + 1),
    }))
    .filter(({ name }) => !BESIDES.test(name));
  const kernels = named.filter(({ name }) => KERNEL.test(name));
  const initrds = named.filter(({ name }) => INITRD.test(name));
  const pairs = kernels
    .flatMap((kernel) => initrds.map((initrd) => ({ kernel, initrd, rank: rankOf(kernel, initrd) })))
    .sort((one, other) => one.rank - other.rank || (one.kernel.path < other.kernel.path ? -1 : 1));
  const [best] = pairs;
  if (best === undefined) {
    const found = kernels.length > 0 ? `${kernels[0]?.path}, and no initrd` : "no Linux kernel";
    return {
      unusable: `expected an ISO with a Linux kernel and its initrd, found ${found}`,
      hint: "what boots from files of its own can be loaded by a profile of the kind ipxe",
    };
  }
  return {
    product: "other",
    release: "",
    title: iso.volumeId === "" ? "unknown system" : iso.volumeId,
    attended: "bootqueue does not know this system; a profile of the kind ipxe boots it with the arguments you give it",
    takes: [
      { role: "kernel", from: best.kernel.path, to: safeName(best.kernel.name, "kernel") },
      { role: "initrd", from: best.initrd.path, to: safeName(best.initrd.name, "initrd") },
    ],
    disc: { type: "left-out" },
    memoryMib: memoryNeed({ initrd: sizeOf(iso, [best.initrd.path]), beside: 0, runningMib: 512 }),
  };
}

/** A pair in one folder, with the same ending, near the root and without a special purpose comes first. */
function rankOf(kernel: { folder: string; name: string }, initrd: { folder: string; name: string }): number {
  const apart = kernel.folder === initrd.folder ? 0 : 100;
  const unlike = endingOf(kernel.name) === endingOf(initrd.name) ? 0 : 3;
  const special = /rescue|fail|xen|debug|pae|386|recovery|gtk|fallback/i;
  const odd = [kernel, initrd].filter(({ folder, name }) => special.test(`${folder}/${name}`)).length * 10;
  return apart + unlike + odd + kernel.folder.split("/").length;
}

function endingOf(name: string): string {
  const [, ending = ""] = /^[A-Za-z]+[-_]([A-Za-z0-9_-]+)/.exec(name) ?? [];
  return ending;
}

/** In characters that need no quoting in an address; a name with others is replaced. */
function safeName(name: string, otherwise: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/.test(name) ? name : otherwise;
}
