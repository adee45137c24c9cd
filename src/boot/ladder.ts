import type { BootTarget } from "../dhcp/policy.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { err, ok, type Result } from "../std/result.ts";
import { type FirmwareName, RASPBERRY_PI } from "./architecture.ts";
import type { BootClient } from "./client.ts";
import type { Urls } from "./urls.ts";

/** What the ladder is made of. */
export interface Rungs {
  readonly nextServer: Ipv4Address;
  /** File names below `assets/`; those that end in `_secure` are for profiles with Secure Boot. */
  readonly bootFiles: Readonly<Record<FirmwareName | SecureFirmwareName, string>>;
  readonly urls: Urls;
  /** Firmware that is not told its file in a proxy's offer but has to ask port 4011 for it. */
  readonly askBootServer?: ReadonlySet<FirmwareName>;
}

export type SecureFirmwareName = "uefi_x64_secure" | "uefi_arm64_secure";

/**
 * Firmware → iPXE → script, or with `secureBoot` firmware → shim → GRUB → its configuration. The error says in words why
 * there is nothing for this client to load.
 */
export function nextRung(
  client: BootClient,
  mac: MacAddress,
  rungs: Rungs,
  secureBoot = false,
): Result<BootTarget, string> {
  const { nextServer, bootFiles, urls } = rungs;
  if (client.type === "ipxe" && client.http) return ok({ type: "ipxe", nextServer, file: urls.script(mac) });
  if (client.type === "installer" || client.type === "other") return err("it is not a netboot client");
  if (client.architectureCode === RASPBERRY_PI) return ok({ type: "raspberry-pi", nextServer, file: "" });
  if (client.architecture === null)
    return err(`its architecture ${client.architectureCode ?? "(none given)"} is unknown`);
  const { firmware, label } = client.architecture;
  if (firmware === null) return err(`there is no boot loader for ${label}`);
  const isHttp = client.type === "firmware" && client.transport === "http";
  const secure = secureBoot ? SECURE[firmware] : null;
  if (secure !== null && isHttp) {
    return err("its profile wants Secure Boot, whose second stage is fetched by TFTP: choose PXE, not HTTP Boot");
  }
  const file = bootFiles[secure ?? firmware];
  if (isHttp) return ok({ type: "http", nextServer, file: urls.asset(file) });
  const viaBootServer = rungs.askBootServer?.has(firmware) ?? false;
  // An iPXE without HTTP (a trimmed ROM) is chained to our full build like any firmware.
  return ok({ type: "pxe", nextServer, file, ...(viaBootServer ? { viaBootServer } : {}) });
}

/** null: this firmware knows no Secure Boot, and takes the ordinary way also with such a profile. */
const SECURE: Readonly<Record<FirmwareName, SecureFirmwareName | null>> = {
  bios: null,
  uefi_ia32: null,
  uefi_x64: "uefi_x64_secure",
  uefi_arm64: "uefi_arm64_secure",
};
