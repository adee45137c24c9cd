/** Octets of the beginning that `looksLikeKernel` needs. */
export const KERNEL_HEAD_BYTES = 1024;

/**
 * Whether a file may be a Linux kernel: for x86 by its set-up header (Documentation/arch/x86/boot.rst), for ARM64 by its
 * own (Documentation/arch/arm64/booting.rst), an EFI program, or a compressed one.
 */
export function looksLikeKernel(head: Buffer): boolean {
  if (head.length < KERNEL_HEAD_BYTES) return false;
  if (head.readUInt16LE(510) === 0xaa55 && head.toString("latin1", 0x202, 0x206) === "HdrS") return true;
  if (head.toString("latin1", 56, 60) === "ARM\x64") return true;
  if (head.toString("latin1", 0, 2) === "MZ") return true;
  return head[0] === 0x1f && head[1] === 0x8b;
}
