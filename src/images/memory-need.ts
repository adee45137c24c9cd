/** What of an image lies in a machine's memory while it boots, in octets. */
export interface MemoryLoad {
  /** The initrd as it is loaded, compressed. */
  readonly initrd: number;
  /** Files inside the initramfs besides: an ISO that was put there, or that the installer downloads into it. */
  readonly beside: number;
  /** For the kernel and the programs that run, in MiB. */
  readonly runningMib: number;
}

/**
 * Main memory that a machine needs, in MiB, rounded up to half a GiB. The file system of the initramfs (tmpfs) takes at
 * most half of the memory, and all that is in it has to fit there: twice its content, and what the running system takes.
 * For the ISO of Proxmox VE 9.2 that makes 6 GiB, which is what Proxmox says; 4 GiB are known to fail, 8 to work.
 */
export function memoryNeed({ initrd, beside, runningMib }: MemoryLoad): number {
  const unpacked = initrd * UNPACKED_TIMES + beside;
  const mib = (2 * unpacked) / MIB + runningMib;
  return Math.max(512, Math.ceil(mib / 512) * 512);
}

/** How much larger an initrd is once it is unpacked; drivers shrink to about a third. */
const UNPACKED_TIMES = 3;
const MIB = 1024 * 1024;
