import type { BootTarget } from "./policy.ts";
import type { HeaderDraft, OptionsDraft } from "./reply-header.ts";

/**
 * Firmware disagrees about where the boot file stands: EDK2 believes option 67, iPXE the header, shim and BIOS ROMs know
 * only the header. So it stands in both, with the same words.
 */
export function addBootTarget(boot: BootTarget, header: HeaderDraft, options: OptionsDraft): void {
  header.siaddr = boot.nextServer;
  header.sname = boot.nextServer;
  if (boot.file.length <= FILE_MAX) header.file = boot.file;
  options.tftpServerName = boot.nextServer;
  options.bootfileName = boot.file;
}

/** Characters in `file`; its last octet is a NUL. A longer name stands in option 67 alone. */
const FILE_MAX = 127;
