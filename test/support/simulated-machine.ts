import { type Ipv4Address, UNSPECIFIED } from "../../src/net/ipv4-address.ts";
import type { UdpSocket } from "../../src/net/udp-socket.ts";
import { type Clock, later } from "../../src/std/clock.ts";
import type { MachineBench } from "./machine-bench.ts";
import type { Machine } from "./netboot-machine.ts";
import { answerRequest } from "./proxmox-installer.ts";
import { INVENTORY } from "./queue-builder.ts";
import { option, text } from "./raw-dhcp.ts";
import { askForLease, type DhcpClientManners, type SimulatedLease } from "./simulated-dhcp-client.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedTftpClient, type TftpClientEnd, type TftpClientManners } from "./simulated-tftp-client.ts";
import { optionsOf } from "./tftp-bench.ts";

/** Where simulated machines stand. */
export interface SimulatedSite {
  readonly bench: MachineBench;
  readonly clock: Clock;
  readonly random: () => number;
  /** Where their broadcasts are heard. */
  readonly wire: SimulatedNetwork;
  /** Where the server is; their other datagrams are routed there. */
  readonly server: SimulatedNetwork;
  readonly tftp: { readonly address: Ipv4Address; readonly port: number };
  /** Boot files by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** What a machine's firmware is like. */
export type FirmwareKind = "edk2" | "bios" | "ipxe-rom";
export const FIRMWARE_KINDS: readonly FirmwareKind[] = ["edk2", "bios", "ipxe-rom"];

/**
 * From power on to an installed system, over a network that loses, doubles, delays and mixes up what it carries: the
 * firmware's lease and loader, iPXE's lease and script, the installer's lease and answer file, its report. What fails for
 * want of an answer is tried again, as a person would who switches it on again. Resolves to the address that it had.
 * Rejects when an answer was wrong.
 */
export async function installMachine(site: SimulatedSite, who: Machine, kind: FirmwareKind): Promise<Ipv4Address> {
  const socket = await site.wire.host().openUdp({ address: UNSPECIFIED, port: 68 });
  try {
    await pause(site, site.random() * 10_000);
    for (let boots = 0; boots < BOOTS_MAX; boots++) {
      const address = await bootOnce(site, who, kind, socket);
      if (address !== null) return address;
      await pause(site, 5_000 + site.random() * 30_000);
    }
    throw new Error(`${who.host} was switched on ${BOOTS_MAX} times and is not installed`);
  } finally {
    await socket.close();
  }
}

/** Its firmware asks once more; resolves to what it was given. */
export async function rebootMachine(site: SimulatedSite, who: Machine, kind: FirmwareKind) {
  const socket = await site.wire.host().openUdp({ address: UNSPECIFIED, port: 68 });
  try {
    return await leaseOf(site, who, socket, kind === "edk2" ? edk2(who) : bios(who));
  } finally {
    await socket.close();
  }
}

/** null: something was not answered, and the machine has to be switched on again. */
async function bootOnce(site: SimulatedSite, who: Machine, kind: FirmwareKind, socket: UdpSocket) {
  const lease = (manners: DhcpClientManners) => leaseOf(site, who, socket, manners);
  if (kind !== "ipxe-rom") {
    const firmware = await lease(kind === "edk2" ? edk2(who) : bios(who));
    if (firmware === null || !(await loads(site, firmware, LOADERS[kind]))) return null;
  }
  const ipxe = await lease(ipxeOf(who, kind));
  if (ipxe === null) return null;
  const script = await site.bench.request(pathOf(ipxe.file), ipxe.address);
  const lines = await script.text();
  if (script.status !== 200 || !lines.startsWith("#!ipxe")) throw new Error(`${who.host}: script ${script.status}`);
  if (!/\/proxmox|kernel|imgfetch/.test(lines)) return null;
  await pause(site, 3000 + site.random() * 5000);
  const installer = await lease(INSTALLER);
  if (installer === null) return null;
  const answer = await site.bench.post(pathOf(installer.answerUrl), installer.address, answerRequest(who));
  if (answer.status !== 200) throw new Error(`${who.host}: answer ${answer.status} ${await answer.text()}`);
  await pause(site, 60_000);
  const { host } = who;
  await site.bench.happen({
    type: "install-reported",
    host,
    token: site.bench.tokenOf(who),
    inventory: INVENTORY,
  });
  return installer.address;
}

function leaseOf(
  { clock, random }: SimulatedSite,
  { macs }: Machine,
  socket: UdpSocket,
  manners: DhcpClientManners,
): Promise<SimulatedLease | null> {
  return askForLease(socket, clock, macs[0].replaceAll(":", ""), manners, random);
}

/** false: the loader did not come. Throws when it came and is not what it should be. */
async function loads(site: SimulatedSite, { address, file }: SimulatedLease, habits: readonly TftpClientManners[]) {
  for (const manners of habits) {
    const end = await fetches(site, address, file, manners);
    if (end.type === "gave-up") return false;
    if (end.type === "refused") {
      // What it loaded again and again for want of answers it may not load any more for some minutes.
      if (/round in circles|never got on/.test(end.message)) return false;
      throw new Error(`${file} was refused to ${address}: ${end.code} ${end.message}`);
    }
    const whole = text(site.files[file] ?? "");
    const isRight =
      end.type === "size" ? end.sizeBytes === whole.length : Buffer.compare(end.bytes, Buffer.from(whole)) === 0;
    if (!isRight) throw new Error(`${file} arrived at ${address} as another file`);
  }
  return true;
}

async function fetches(
  site: SimulatedSite,
  address: Ipv4Address,
  file: string,
  manners: TftpClientManners,
): Promise<TftpClientEnd> {
  const port = 1024 + Math.floor(site.random() * 60_000);
  const socket = await site.server.host(address).openUdp({ address, port });
  const client = new SimulatedTftpClient(socket, site.tftp, file, site.clock, manners);
  while (client.end === null) await pause(site, 50);
  // For a while it answers copies of the last block (RFC 1350 §6).
  void pause(site, 5000).then(() => socket.close());
  return client.end;
}

function pause({ clock }: Pick<SimulatedSite, "clock">, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.alarm(later(clock.now(), Math.ceil(ms)), resolve);
  });
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

function pxe({ uuid97 }: Machine, arch: number, undi: string, ...more: readonly (readonly number[])[]) {
  return [
    option(55, 1, 3, 6, 12, 15, 43, 54, 60, 66, 67, 97, 175),
    option(97, [...(uuid97 ?? [])]),
    option(93, 0, arch),
    option(60, `PXEClient:Arch:${String(arch).padStart(5, "0")}:UNDI:${undi}`),
    ...more,
  ];
}

const edk2 = (who: Machine): DhcpClientManners => ({
  says: pxe(who, 7, "003016", option(57, 5, 192)),
  flags: 0x8000,
  waitsMs: [4000, 8000, 16_000, 32_000],
  collectsOffers: true,
});

const bios = (who: Machine): DhcpClientManners => ({
  says: pxe(who, 0, "002001", option(57, 4, 236)),
  flags: 0,
  waitsMs: [4000, 8000, 16_000, 32_000],
});

const ipxeOf = (who: Machine, kind: FirmwareKind): DhcpClientManners => ({
  says: pxe(
    who,
    kind === "edk2" ? 7 : 0,
    "003010",
    option(77, "iPXE"),
    option(175, 0x13, 1, 1, 0x15, 1, 1),
    option(61, 1, [...Buffer.from(who.macs[0].replaceAll(":", ""), "hex")]),
  ),
  flags: 0,
  waitsMs: [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000],
});

/** dhclient, whose waits are long enough here for any network. */
const INSTALLER: DhcpClientManners = {
  says: [option(55, 1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42, 250, 251)],
  flags: 0,
  waitsMs: Array.from({ length: 20 }, (_, n) => 3000 + 500 * n),
};

/** What each kind asks TFTP for, one after the other. */
const LOADERS: Readonly<Record<Exclude<FirmwareKind, "ipxe-rom">, readonly TftpClientManners[]>> = {
  edk2: [
    { options: optionsOf("tsize 0 blksize 1468 windowsize 4"), onlySize: true, patienceMs: 4000, triesMax: 6 },
    { options: optionsOf("blksize 1468 windowsize 4"), acksCopies: true, patienceMs: 4000, triesMax: 6 },
  ],
  bios: [{ options: optionsOf("tsize 0 blksize 1456"), acksCopies: true, patienceMs: 1000, triesMax: 10 }],
};

const BOOTS_MAX = 30;
