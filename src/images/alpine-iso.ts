import { type IsoContent, type Recognised, releaseIn, sizeOf } from "./iso-content.ts";
import { memoryNeed } from "./memory-need.ts";

/** ISOs of Alpine: a kernel, its initramfs, and its modules in a file that the initramfs fetches (`modloop=`). */
export function recogniseAlpine(iso: IsoContent): Recognised | null {
  const info = iso.marks.get("/.alpine-release");
  const flavour = [...iso.files.keys()].flatMap((path) => /^\/boot\/vmlinuz-(\w+)$/.exec(path)?.[1] ?? [])[0];
  if (info === undefined || flavour === undefined) return null;
  const initrd = `/boot/initramfs-${flavour}`;
  const modloop = `/boot/modloop-${flavour}`;
  if (!iso.files.has(initrd)) return null;
  const release = releaseIn(info.replace(/^alpine-[a-z]+-/, ""));
  return {
    product: "alpine",
    release,
    title: `Alpine Linux ${release}`.trim(),
    attended: iso.files.has(modloop) ? null : `it has no ${modloop}`,
    takes: [
      { role: "kernel", from: `/boot/vmlinuz-${flavour}`, to: `vmlinuz-${flavour}` },
      { role: "initrd", from: initrd, to: `initramfs-${flavour}` },
      ...(iso.files.has(modloop) ? [{ role: "modloop", from: modloop, to: `modloop-${flavour}` } as const] : []),
    ],
    disc: { type: "left-out" },
    memoryMib: memoryNeed({ initrd: sizeOf(iso, [initrd]), beside: sizeOf(iso, [modloop]), runningMib: 256 }),
  };
}
