import type { Lab } from "./lab.ts";

/**
 * Makes the iPXE in a virtual network card's ROM look like any BIOS PXE ROM, of which QEMU has none: on its way to the
 * switch, user class (77) and iPXE's own option (175) of its DHCP messages get other numbers. They stand at the same
 * places in every message of the 2019 ROM.
 */
export function hideIpxe(lab: Lab, tap: string): void {
  const rules = ["67", "4011"].flatMap((port) =>
    [
      { offset: USER_CLASS, wanted: "0x4d04", code: "0xe0" },
      { offset: ETHERBOOT, wanted: "0xaf30", code: "0xe1" },
    ].map(
      ({ offset, wanted, code }) =>
        `add rule bridge ${tableOf(tap)} pre iifname ${tap} udp dport ${port} @ih,${offset},16 ${wanted} @ih,${offset},8 set ${code} udp checksum set 0 counter`,
    ),
  );
  const table = [
    `add table bridge ${tableOf(tap)}`,
    `add chain bridge ${tableOf(tap)} pre { type filter hook prerouting priority -300; }`,
    ...rules,
  ];
  lab.run("sw", ["nft", table.join("; ")]);
}

/** From here on iPXE may say its name: what was chainloaded has to. */
export function showIpxe(lab: Lab, tap: string): void {
  lab.run("sw", ["nft", `delete table bridge ${tableOf(tap)}`]);
}

function tableOf(tap: string): string {
  return `plain_${tap}`;
}

/** Bits from the beginning of the UDP payload. */
const USER_CLASS = 290 * 8;
const ETHERBOOT = 321 * 8;
