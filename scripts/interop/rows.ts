/** One client of somebody else's, what it does with us, and which tests show it. */
export interface Row {
  readonly client: string;
  readonly did: string;
  /** The file, and the tests in it whose names match; all of them must have passed. Or why there is none. */
  readonly shownBy: { readonly file: string; readonly tests: RegExp } | { readonly notHere: string };
}

const dhcp = (tests: RegExp) => ({ file: "test/interop/dhcp.test.ts", tests });
const tftp = (tests: RegExp) => ({ file: "test/interop/tftp.test.ts", tests });
const relay = (tests: RegExp) => ({ file: "test/interop/relay.test.ts", tests });
const lab = (name: string, tests: RegExp) => ({ file: `test/lab/${name}.test.ts`, tests });

/** The table of docs/interop.md, from the firmware to the tools. */
export const ROWS: readonly Row[] = [
  {
    client: "SeaBIOS with an iPXE ROM (QEMU)",
    did: "DHCP, boot script, a whole installation, boots its disk",
    shownBy: lab("install", /^one BIOS and one UEFI machine/),
  },
  {
    client: "BIOS PXE ROM → undionly.kpxe",
    did: "TFTP, chain to iPXE, its script; beside another DHCP server",
    shownBy: lab("proxy", /^a plain BIOS PXE ROM/),
  },
  {
    client: "BIOS PXE ROM whose loader restarts it",
    did: "is given its loader three times, then nothing, and boots its disk",
    shownBy: lab("loop", /^gets it three times/),
  },
  {
    client: "OVMF, UEFI PXE",
    did: "DHCP, snponly.efi by TFTP, boot script, a whole installation, boots its disk",
    shownBy: lab("install", /^one BIOS and one UEFI machine/),
  },
  {
    client: "OVMF, UEFI HTTP Boot",
    did: "DHCP as HTTPClient, its loader from the URL in option 67, boot script",
    shownBy: lab("http-boot", /^OVMF is offered a URL/),
  },
  {
    client: "OVMF with Secure Boot: shim → GRUB",
    did: "signed loader, GRUB, kernel, a whole installation",
    shownBy: lab("secure-boot", /^UEFI loads shim/),
  },
  {
    client: "GRUB netboot",
    did: "grub.cfg, kernel and initrd by TFTP or HTTP",
    shownBy: lab("secure-boot", /^UEFI loads shim/),
  },
  { client: "AAVMF, UEFI ARM64", did: "DHCP, its loader by TFTP", shownBy: lab("architectures", /^AAVMF/) },
  {
    client: "U-Boot on ARM64",
    did: "DHCP for its own script, then DHCP as UEFI firmware, its loader by TFTP",
    shownBy: lab("u-boot", /^gets an address of the pool/),
  },
  { client: "OVMF for 32 bits", did: "DHCP, its loader by TFTP", shownBy: lab("architectures", /^OVMF for 32 bits/) },
  {
    client: "iPXE → script",
    did: "its own DHCP, script by HTTP, kernel and initrd; BIOS and UEFI",
    shownBy: lab("install", /^one BIOS and one UEFI machine/),
  },
  {
    client: "Raspberry Pi firmware",
    did: "DHCP, its files by TFTP",
    shownBy: { notHere: "the boot ROM is in the board; QEMU has none" },
  },
  {
    client: "beside dnsmasq's DHCP: BIOS, UEFI",
    did: "address from there, boot file from us",
    shownBy: lab("proxy", /^(a BIOS whose ROM|a plain BIOS|UEFI loads iPXE|UEFI asks there)/),
  },
  {
    client: "beside Kea's DHCP",
    did: "address from there, loader and script from us; a PXE client of our own, and curl",
    shownBy: { file: "test/interop/kea.test.ts", tests: /^firmware gets its address from there/ },
  },
  {
    client: "Kea, when we should be alone",
    did: "it is found before the start, which is refused",
    shownBy: { file: "test/interop/kea.test.ts", tests: /^a start as the only DHCP server/ },
  },
  {
    client: "dnsmasq and udhcpc, when we should be alone",
    did: "the other server is found before the start, or later by what machines say",
    shownBy: {
      file: "test/interop/foreign-servers.test.ts",
      tests: /^(is refused where another|is noticed by what machines say)/,
    },
  },
  { client: "dhclient", did: "lease, INIT-REBOOT, RELEASE; NAK from a foreign network", shownBy: dhcp(/^dhclient$/) },
  { client: "udhcpc", did: "lease, unicast renewal, RELEASE", shownBy: dhcp(/^udhcpc gets its address, renews/) },
  {
    client: "udhcpc, dhclient, 5 % loss both ways",
    did: "lease, five machines each",
    shownBy: dhcp(/^where every twentieth datagram is lost/),
  },
  { client: "dhcpcd", did: "lease, with an ARP probe", shownBy: dhcp(/^dhcpcd/) },
  { client: "systemd-networkd", did: "lease, default route, RELEASE", shownBy: dhcp(/^systemd-networkd/) },
  { client: "nmap broadcast-dhcp-discover", did: "reads the OFFER", shownBy: dhcp(/^nmap/) },
  { client: "perfdhcp (Kea)", did: "200 clients behind a relay, no loss", shownBy: dhcp(/^perfdhcp/) },
  { client: "npm dhcp", did: "reads the OFFER as it was meant", shownBy: dhcp(/^the npm package dhcp/) },
  {
    client: "isc-dhcp-relay, with udhcpc and dhclient behind it",
    did: "lease from the rack's subnet, a slot by switch port (option 82), renewal",
    shownBy: relay(/^behind isc-dhcp-relay$/),
  },
  {
    client: "dhcp-helper, with udhcpc and dhclient behind it",
    did: "lease from the rack's subnet, of two; renewal; NAK in the other rack; it adds no option 82",
    shownBy: { file: "test/interop/dhcp-helper.test.ts", tests: /^behind dhcp-helper$/ },
  },
  ...(
    [
      ["tftp-hpa", "tftp-hpa", "blocks of 512"],
      ["atftp", "atftp", "blocks of 512 to 1428, windows of 8 and 16, every option"],
      ["curl", "curl", "blocks of 512 and 1468, with and without options"],
      ["busybox tftp", "busybox", "blocks of 512 and 1468"],
      ["npm tftp", "the npm package tftp", "windows of 4"],
    ] as const
  ).map(([client, name, did]) => ({
    client,
    did: `files from 0 to 34,000,000 octets, compared; ${did}`,
    shownBy: tftp(new RegExp(`^${name}( [^,]*)? gets (files|a file)`)),
  })),
  {
    client: "tftp-hpa, atftp, curl, busybox tftp, 5 % loss both ways",
    did: "a mebibyte twice",
    shownBy: tftp(/^where every twentieth datagram is lost/),
  },
  {
    client: "tftp-hpa, atftp, curl, busybox tftp, through a firewall",
    did: "a mebibyte from port 69 alone (`single_port`)",
    shownBy: tftp(/^through a firewall/),
  },
  { client: "a hundred curls", did: "a mebibyte each at once by TFTP", shownBy: tftp(/^a hundred curls/) },
  {
    client: "loss, duplication, reordering and delay together",
    did: "TFTP clients of four habits, DHCP repeats, whole installs",
    shownBy: {
      notHere:
        "the kernel of the test machines has no netem; clients of our own go through it on a simulated network in test/tftp/server.test.ts, and whole installs, directly and behind a relay, in test/boot/bad-links.test.ts",
    },
  },
];
