import type { Stage } from "../trace/stage.ts";

/** How far a machine is that was sent this file, by its name; null: it may be anything, as with a file of an installer. */
export function stageOfFile(path: string): Stage | null {
  for (const { name, stage } of NAMES) if (name.test(path)) return stage;
  return null;
}

/** What shim, GRUB and iPXE look for in case it is there; that it is not says nothing. */
export function isOnlyLookedFor(path: string): boolean {
  return /revocations_|shim_certificate_|autoexec\.ipxe|\.lst|\.mod/i.test(path);
}

/** The first that fits decides. */
const NAMES: readonly { readonly name: RegExp; readonly stage: Stage }[] = [
  // GRUB's configuration is its boot script; it looks for it under several names first.
  { name: /grub\.cfg/i, stage: "script-sent" },
  { name: /\.efi\b|undionly|\.k?pxe\b/i, stage: "loader-sent" },
  { name: /vmlinu|linux26|bzimage|kernel/i, stage: "kernel-sent" },
  { name: /initrd|initramfs|\.img\b|\.iso\b|\.gz\b/i, stage: "initrd-sent" },
];
