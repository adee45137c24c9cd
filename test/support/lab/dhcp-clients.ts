import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab, LabProcess } from "./lab.ts";

/** The option 60 of a UEFI machine. */
const FIRMWARE = "PXEClient:Arch:00007:UNDI:003000";

/** udhcpc on `eth0` of a namespace. */
export function startUdhcpc(
  lab: Lab,
  role: string,
  name: string,
  options: {
    /** It says that it is UEFI x64 firmware. */
    readonly asFirmware: boolean;
    /** More options that it asks for. */
    readonly asks?: readonly number[];
  },
): LabProcess {
  const words = options.asFirmware ? ["-V", FIRMWARE, "-x", "0x5d:0007"] : [];
  const asks = (options.asks ?? []).flatMap((code) => ["-O", String(code)]);
  const set = script(lab, "udhcpc-script", UDHCPC_SCRIPT);
  const pace = ["-t", "20", "-T", "2", "-A", "2"];
  return lab.start(role, name, ["udhcpc", "-f", "-i", "eth0", "-s", set, ...pace, ...words, ...asks]);
}

/** dhclient on `eth0` of a namespace, saying that it is UEFI x64 firmware; its lease file keeps for the next start. */
export function startDhclient(lab: Lab, role: string, name: string): LabProcess {
  const config = join(lab.folder, "dhclient-firmware.conf");
  writeFileSync(config, DHCLIENT_CONFIG);
  const set = script(lab, "dhclient-script", DHCLIENT_SCRIPT);
  const files = ["-lf", join(lab.folder, `${role}.leases`), "-pf", join(lab.folder, `${role}.pid`)];
  return lab.start(role, name, ["dhclient", "-d", "-v", "-1", "-cf", config, "-sf", set, ...files, "eth0"]);
}

export function said(client: LabProcess): string {
  return readFileSync(client.logPath, "utf8");
}

function script(lab: Lab, name: string, text: string): string {
  const path = join(lab.folder, name);
  if (!existsSync(path)) writeFileSync(path, text, { mode: 0o755 });
  return path;
}

// Neither touches /etc/resolv.conf, which the namespace shares with the machine.

const UDHCPC_SCRIPT = `#!/bin/sh
echo "$1 ip=$ip mask=$subnet router=$router dns=$dns domain=$domain name=$hostname file=$boot_file opt250=$opt250"
case "$1" in
  deconfig) ip address flush dev "$interface" ;;
  bound | renew)
    ip address replace "$ip/$mask" dev "$interface"
    ip route replace default via "$router"
    ;;
esac
`;

const DHCLIENT_CONFIG = `option arch code 93 = unsigned integer 16;
send vendor-class-identifier "${FIRMWARE}";
send arch 7;
request subnet-mask, routers, domain-name, host-name;
timeout 20;
retry 3;
`;

const DHCLIENT_SCRIPT = `#!/bin/sh
echo "$reason ip=$new_ip_address mask=$new_subnet_mask router=$new_routers name=$new_host_name"
case "$reason" in
  BOUND | RENEW | REBIND | REBOOT)
    ip address replace "$new_ip_address/$new_subnet_mask" dev "$interface"
    ip route replace default via "$new_routers"
    ;;
  EXPIRE | FAIL | RELEASE | STOP | PREINIT) ip address flush dev "$interface" ;;
esac
`;
