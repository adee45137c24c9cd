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
  if (boot.file !== "") options.bootfileName = boot.file;
  if (boot.type === "raspberry-pi") options.vendorSpecificInformation = RASPBERRY_PI_MENU;
}

/**
 * The only menu that its ROM accepts (raspberrypi/documentation, boot-net.adoc): discovery control 3, prompt 0 `PXE`,
 * one entry of type 0 whose text the Pi 3 wants with three blanks behind it.
 */
const RASPBERRY_PI_MENU = Uint8Array.from([
  ...[6, 1, 3],
  ...[10, 4, 0, ...Buffer.from("PXE", "latin1")],
  ...[9, 23, 0, 0, 20, ...Buffer.from("Raspberry Pi Boot   ", "latin1")],
  255,
]);

/** Characters in `file`; its last octet is a NUL. A longer name stands in option 67 alone. */
const FILE_MAX = 127;
