import type { BootTarget } from "../dhcp/policy.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { FirmwareName } from "./architecture.ts";
import type { BootClient } from "./client.ts";
import type { Urls } from "./urls.ts";

/** What the ladder is made of. */
export interface Rungs {
  readonly nextServer: Ipv4Address;
  /** File names below `assets/`. */
  readonly bootFiles: Readonly<Record<FirmwareName, string>>;
  readonly urls: Urls;
}

/** Firmware → iPXE → script. The error says in words why there is nothing for this client to load. */
export function nextRung(client: BootClient, mac: MacAddress, rungs: Rungs): Result<BootTarget, string> {
  const { nextServer, bootFiles, urls } = rungs;
  if (client.type === "ipxe" && client.http) return ok({ type: "ipxe", nextServer, file: urls.script(mac) });
  if (client.type === "installer" || client.type === "other") return err("it is not a netboot client");
  if (client.architecture === null)
    return err(`its architecture ${client.architectureCode ?? "(none given)"} is unknown`);
  const { firmware, label } = client.architecture;
  if (firmware === null) return err(`there is no boot loader for ${label}`);
  const file = bootFiles[firmware];
  if (client.type === "firmware" && client.transport === "http")
    return ok({ type: "http", nextServer, file: urls.asset(file) });
  // An iPXE without HTTP (a trimmed ROM) is chained to our full build like any firmware.
  return ok({ type: "pxe", nextServer, file });
}
