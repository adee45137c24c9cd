import type { FirmwareName } from "../../src/boot/architecture.ts";
import type { StandardMode } from "../../src/boot/dhcp-mode.ts";
import { SlotDhcpPolicy } from "../../src/boot/dhcp-policy.ts";
import { FloodGuard } from "../../src/boot/flood-guard.ts";
import type { HttpCluster } from "../../src/boot/http-cluster.ts";
import { type InstallSite, installationOf } from "../../src/boot/installation.ts";
import { LoopBreaker } from "../../src/boot/loop-breaker.ts";
import { type MachineSettings, typeNameByMac } from "../../src/boot/machine-settings.ts";
import type { Menu } from "../../src/boot/menu.ts";
import { NetbootFiles } from "../../src/boot/netboot-files.ts";
import { PoolPolicy } from "../../src/boot/pool-policy.ts";
import { Sightings } from "../../src/boot/sightings.ts";
import type { SubnetTerms } from "../../src/boot/subnets.ts";
import { type TlsEndpoint, Urls } from "../../src/boot/urls.ts";
import { type DhcpMessage, decodeMessage, encodeMessage } from "../../src/dhcp/message.ts";
import { type DhcpSockets, serveDhcp } from "../../src/dhcp/server.ts";
import { createMachineApp } from "../../src/http/machine-app.ts";
import type { JoinKeys } from "../../src/http/machine-replies.ts";
import type { DomainName, Hostname } from "../../src/net/hostname.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { parseSystemUuid, type SystemUuid } from "../../src/net/system-uuid.ts";
import type { Endpoint } from "../../src/net/udp-socket.ts";
import { EMPTY_POOL } from "../../src/pool/lease.ts";
import { LeaseBook } from "../../src/pool/lease-book.ts";
import type { Profile } from "../../src/profiles/profiles.ts";
import { Engine } from "../../src/queue/engine.ts";
import type { QueueEvent } from "../../src/queue/event.ts";
import type { AttemptToken } from "../../src/queue/host.ts";
import type { QueueRules } from "../../src/queue/rules.ts";
import { type DeclaredSlot, type ProfileName, type Reservation, slotIdOf } from "../../src/queue/slot.ts";
import { EMPTY_QUEUE, findMacAt, findSlotByAddress } from "../../src/queue/state.ts";
import { silentLog } from "../../src/std/log.ts";
import type { Footprint, Tracer } from "../../src/trace/footprint.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeLeaseStore } from "./fake-lease-store.ts";
import { FakeUdpSocket } from "./fake-udp-socket.ts";
import { HeldStore } from "./held-store.ts";
import { type Machine, says, selects, UEFI_X64 } from "./netboot-machine.ts";
import { proxmoxProfile } from "./proxmox-profile.ts";
import { INVENTORY, RULES } from "./queue-builder.ts";

/** Our own address: the one that the golden packets chose an offer of. */
export const SERVER = "10.97.0.1" as Ipv4Address;

/** Address of slot `n`: the golden REQUEST of OVMF asks for that of slot 1, and iPXE's for that of slot 0. */
export function slotAddress(n: number): Ipv4Address {
  return `10.97.0.${11 + n}` as Ipv4Address;
}

type SlotGuard = Pick<DeclaredSlot, "boardSerial" | "diskSerials">;

export interface MachineBenchOptions {
  /** Slots 1 to `slots`. */
  readonly slots?: number;
  readonly reservations?: Readonly<Record<number, Reservation>>;
  /** Which machine and which disks slots are for. */
  readonly guards?: Readonly<Record<number, Partial<SlotGuard>>>;
  readonly rules?: Partial<QueueRules>;
  readonly provisioned?: "ignore" | "local-boot";
  readonly bogusUuids?: readonly string[];
  readonly usesDhcpOnceInstalled?: boolean;
  readonly profile?: Profile;
  /** `proxy`: another server gives the addresses. */
  readonly mode?: StandardMode;
  /** What lies in the folder of boot files, by name. */
  readonly assets?: Readonly<Record<string, string>>;
  readonly asks4011?: readonly FirmwareName[];
  /** Absent: everything is plain HTTP. */
  readonly tls?: TlsEndpoint;
  readonly httpClusters?: readonly HttpCluster[];
  /** Networks behind relays. */
  readonly relayed?: readonly SubnetTerms[];
  /** The first and last address for clients that boot nothing; `inUse`: who answers where by ARP. */
  readonly pool?: { readonly first: Ipv4Address; readonly last: Ipv4Address; readonly inUse?: Record<string, string> };
  /** Server types, and settings of slots and hosts. */
  readonly machines?: MachineSettings;
  /** Slots after the numbered ones. */
  readonly moreSlots?: readonly DeclaredSlot[];
  /** Keys for the answer files of hosts that join a cluster. */
  readonly joinKeys?: JoinKeys;
  /** For machines that are to install nothing. */
  readonly menu?: Menu;
  /** With a network behind them, and its clock; absent: sockets without one. */
  readonly sockets?: DhcpSockets;
  readonly clock?: FakeClock;
}

/**
 * The machines' half of a daemon: the DHCP server over sockets without a network, the HTTP app, a real queue in memory,
 * a clock moved by hand.
 */
export async function machineBench(options: MachineBenchOptions = {}) {
  const { slots = 3, reservations = {}, provisioned = "ignore", mode = "full" } = options;
  const { clock = new FakeClock() } = options;
  const store = new HeldStore();
  const broken: unknown[] = [];
  const footprints: Omit<Footprint, "at">[] = [];
  const tracer = { note: (footprint: Omit<Footprint, "at">) => void footprints.push(footprint) };
  const profile = options.profile ?? proxmoxProfile();
  const { machines } = options;
  let site: InstallSite = {
    ...siteOf(profile, bogusOf(options), options),
    ...(machines === undefined ? {} : { machines }),
  };
  const rules = {
    ...RULES,
    flows: new Map([[profile.name, profile.flow()]]),
    ...(machines === undefined ? {} : { typeByMac: (mac: MacAddress) => typeNameByMac(machines, mac) }),
    ...options.rules,
  };
  const engine = new Engine({
    state: EMPTY_QUEUE,
    rules,
    store,
    clock,
    runEffect: () => {},
    onBroken: (cause) => broken.push(cause),
  });
  const declaredSlots = [
    ...declared(slots, profile.name, reservations, options.guards ?? {}),
    ...(options.moreSlots ?? []),
  ];
  await engine.dispatch({ type: "slots-declared", slots: declaredSlots });
  await engine.start();

  let tokens = 0;
  const newToken = () => `token-${++tokens}` as AttemptToken;
  const sightings = new Sightings(clock);
  const loops = new LoopBreaker(clock, tracer);
  /** Other servers that machines told us of. */
  const others: Ipv4Address[] = [];
  const leases = new FakeLeaseStore();
  const pool =
    options.pool === undefined ? null : poolOf(options.pool, { engine, leases, clock, tracer, site, broken });
  const policy = new SlotDhcpPolicy({
    queue: engine,
    tracer,
    terms: { ...site, leaseSeconds: 3600, extra: [] },
    rungs: { nextServer: SERVER, bootFiles: BOOT_FILES, urls: site.urls, askBootServer: new Set(options.asks4011) },
    newToken,
    bogusUuids: bogusOf(options),
    provisioned,
    hasMenu: () => site.menu !== null,
    scriptOf: (host) => installationOf(engine.state, host, site)?.profile.script() ?? null,
    usesDhcpOnceInstalled: () => options.usesDhcpOnceInstalled ?? false,
    wantsSecureBoot: (name) => site.profiles.get(name)?.secureBoot ?? false,
    mode,
    sightings,
    loops,
    flood: new FloodGuard(clock, tracer),
    pool,
    foreign: { mac: "02:00:00:00:00:99" as MacAddress, chosen: (address) => void others.push(address) },
  });
  const own = new FakeUdpSocket(SERVER, 67);
  const broadcast = new FakeUdpSocket("0.0.0.0", 67);
  const bootServer = new FakeUdpSocket(SERVER, 4011);
  serveDhcp(options.sockets ?? { own, broadcast, bootServer }, policy, SERVER, silentLog);

  const app = createMachineApp({
    queue: engine,
    site: () => site,
    mode,
    sightings,
    newToken,
    tracer,
    provisioned,
    remoteAddress: (c) => (c.env as { readonly from?: Ipv4Address } | undefined)?.from ?? null,
    ...(options.joinKeys === undefined ? {} : { joinKeys: options.joinKeys }),
  });

  const tftp = new NetbootFiles({
    queue: engine,
    site: () => site,
    mode,
    sightings,
    newToken,
    assets: {
      async open(filename) {
        const bytes = options.assets?.[filename.replace(/^[/\\]+/, "").replaceAll("\\", "/")];
        if (bytes === undefined) return { type: "refusal", code: 1, message: "file not found" };
        return { type: "file", bytes: Buffer.from(bytes), closed: () => {} };
      },
    },
    loops,
    loaders: new Set(Object.values(BOOT_FILES)),
    macAt: (address) => findMacAt(engine.state, address) ?? sightings.macAt(address),
  });

  /** Fetches a file by TFTP; the text of a refusal begins with its code. */
  async function fetchByTftp(filename: string, from: Ipv4Address): Promise<string> {
    const file = await tftp.open(filename, { address: from, port: 2070 });
    if (file.type === "refusal") return `${file.code}: ${file.message}`;
    file.closed({ type: "complete", sizeBytes: file.bytes.length, blksize: 1468, windowsize: 4, resent: 0 });
    return Buffer.from(file.bytes).toString();
  }

  /** Asks port 4011 and answers with the reply and where it went; null: silence. */
  async function askBootServer(message: DhcpMessage, from: Endpoint) {
    bootServer.receive(encodeMessage(message, 1472), from);
    await settled();
    const [sent] = bootServer.sent.splice(0);
    if (sent === undefined) return null;
    const reply = decodeMessage(sent.bytes);
    if (!reply.ok) throw new Error(`our own reply cannot be read: ${reply.error}`);
    return { reply: reply.value, to: sent.to };
  }

  /** Sends a client's message, without waiting for what becomes of it. */
  function send(message: DhcpMessage | Uint8Array, unicast = false, from: Endpoint = CLIENT): void {
    const bytes = message instanceof Uint8Array ? message : encodeMessage(message, 1472);
    (unicast ? own : broadcast).receive(bytes, from);
  }

  /** What was sent since it was last asked. */
  function sent(): DhcpMessage[] {
    return own.sent.splice(0).map(({ bytes }) => {
      const reply = decodeMessage(bytes);
      if (!reply.ok) throw new Error(`our own reply cannot be read: ${reply.error}`);
      return reply.value;
    });
  }

  /** Sends it and answers with the reply; null: silence. */
  async function dhcp(message: DhcpMessage | Uint8Array, unicast = false): Promise<DhcpMessage | null> {
    send(message, unicast);
    await settled();
    const replies = sent();
    if (replies.length > 1) throw new Error(`expected one reply, found ${replies.length}`);
    return replies[0] ?? null;
  }

  async function happen(...events: readonly QueueEvent[]): Promise<void> {
    for (const event of events) {
      const verdict = await engine.dispatch(event);
      if (verdict.type === "refused") throw new Error(`${event.type} was refused: ${verdict.reason}`);
    }
  }

  /** Firmware takes the next slot: DISCOVER, OFFER, REQUEST, ACK. */
  async function takeSlot(who: Machine, program = UEFI_X64): Promise<DhcpMessage> {
    const offer = await dhcp(says(who, program, "DISCOVER"));
    if (offer === null) throw new Error(`no OFFER: ${reasons().at(-1)}`);
    const ack = await dhcp(selects(who, program, offer.yiaddr, SERVER));
    if (ack?.type !== "ACK") throw new Error(`no ACK: ${reasons().at(-1)}`);
    return ack;
  }

  /** From the ACK to the state that is asked for, by the events of the road there. */
  async function bring(
    who: Machine,
    to: "pxe_ready" | "pxe_booted" | "installing" | "ready" | "failed",
  ): Promise<void> {
    await takeSlot(who);
    const { host, macs } = who;
    if (to === "pxe_ready") return;
    await happen({ type: "script-fetched", host });
    if (to === "pxe_booted") return;
    await happen({ type: "answer-fetched", host, macs, uuid: null });
    if (to === "installing") return;
    const token = tokenOf(who);
    if (to === "failed") return happen({ type: "install-failed", host, token, reason: "the disk is broken" });
    await happen({ type: "install-reported", host, token, inventory: INVENTORY });
  }

  function hostOf(who: Machine) {
    return engine.state.hosts.find((host) => host.id === who.host);
  }

  function tokenOf(who: Machine): AttemptToken {
    const attempt = hostOf(who)?.attempt;
    if (!attempt) throw new Error(`no install is armed for ${who.host}`);
    return attempt.token;
  }

  /** Why each datagram was answered or dropped, oldest first. */
  function reasons(): string[] {
    return footprints.filter(({ road }) => road === "dhcp").map(({ what, why }) => `${what}: ${why}`);
  }

  /** An HTTP request from this address; null: from one that is not known. */
  function request(path: string, from: Ipv4Address | null, init: RequestInit = {}): Promise<Response> {
    return Promise.resolve(app.request(path, init, from === null ? {} : { from }));
  }

  function post(path: string, from: Ipv4Address | null, body: unknown): Promise<Response> {
    return request(path, from, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
  }

  return {
    app,
    askBootServer,
    bring,
    broken,
    clock,
    dhcp,
    engine,
    fetchByTftp,
    footprints,
    happen,
    hostOf,
    loops,
    own,
    policy,
    post,
    reasons,
    request,
    send,
    sent,
    site: () => site,
    /** As after a reload of the configuration. */
    useProfile: (fresh: Profile | null) => {
      site = { ...site, profiles: new Map(fresh === null ? [] : [[fresh.name, fresh]]) };
    },
    leases,
    others,
    pool,
    store,
    takeSlot,
    tftp,
    tokenOf,
    /** Each slot's state, and of an assigned one that of its host. */
    slots: () =>
      engine.state.slots
        .map(({ state }) =>
          state.type === "assigned"
            ? (engine.state.hosts.find(({ id }) => id === state.host)?.state.type ?? "LOST")
            : state.type,
        )
        .join(" "),
  };
}

export type MachineBench = Awaited<ReturnType<typeof machineBench>>;

/** A turn of the event loop: everything that only waits for promises is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function poolOf(
  { first, last, inUse = {} }: NonNullable<MachineBenchOptions["pool"]>,
  parts: {
    readonly engine: Engine;
    readonly leases: FakeLeaseStore;
    readonly clock: FakeClock;
    readonly tracer: Tracer;
    readonly site: InstallSite;
    readonly broken: unknown[];
  },
): PoolPolicy {
  const { engine, leases, clock, tracer, site, broken } = parts;
  const book = new LeaseBook({
    state: EMPTY_POOL,
    rules: { first, last, leaseMs: 600_000 },
    store: leases,
    clock,
    isTaken: (address) => findSlotByAddress(engine.state, address) !== undefined,
    onBroken: (cause) => broken.push(cause),
  });
  const lines = Object.entries(inUse).map(([address, mac]) => `${address} 0x1 0x2 ${mac} * eth0`);
  const neighbours = {
    // The answer is there as soon as the clock has moved on.
    ask: () => void setImmediate(() => clock.advance(500)),
    table: async () => ["IP address HW type Flags HW address Mask Device", ...lines].join("\n"),
  };
  return new PoolPolicy({ book, network: site, leaseSeconds: 600, extra: [], neighbours, clock, tracer });
}

export const BOOT_FILES = {
  bios: "undionly.kpxe",
  uefi_x64: "snponly.efi",
  uefi_arm64: "arm64/snponly.efi",
  uefi_ia32: "i386/snponly.efi",
  uefi_x64_secure: "secure-boot/shimx64.efi",
  uefi_arm64_secure: "secure-boot/arm64/shimaa64.efi",
} as const;

const CLIENT: Endpoint = { address: "0.0.0.0" as Ipv4Address, port: 68 };

interface SiteOptions {
  readonly tls?: TlsEndpoint | null;
  readonly httpClusters?: readonly HttpCluster[];
  readonly menu?: Menu | null;
  readonly relayed?: readonly SubnetTerms[];
}

function siteOf(
  profile: Profile,
  bogusUuids: ReadonlySet<SystemUuid>,
  { tls = null, httpClusters: clusters = [], menu = null, relayed = [] }: SiteOptions,
): InstallSite {
  return {
    subnet: "10.97.0.0/24" as Ipv4Subnet,
    router: SERVER,
    domainNameServers: [SERVER],
    domain: "lab.example" as DomainName,
    relayed,
    urls: new Urls(SERVER, 80, tls),
    profiles: new Map([[profile.name, profile]]),
    images: [],
    httpClusters: new Map(clusters.map((cluster) => [cluster.name, cluster])),
    bogusUuids,
    menu,
  };
}

function bogusOf({ bogusUuids = [] }: MachineBenchOptions): ReadonlySet<SystemUuid> {
  return new Set(bogusUuids.flatMap((text) => parseSystemUuid(text) ?? []));
}

function declared(
  count: number,
  profile: ProfileName,
  reservations: Readonly<Record<number, Reservation>>,
  guards: Readonly<Record<number, Partial<SlotGuard>>>,
) {
  return Array.from(
    { length: count },
    (_, i): DeclaredSlot => ({
      id: slotIdOf(slotAddress(i + 1)),
      address: slotAddress(i + 1),
      hostname: `node${i + 1}` as Hostname,
      profile,
      labels: [],
      reservation: reservations[i + 1] ?? null,
      boardSerial: guards[i + 1]?.boardSerial ?? null,
      diskSerials: guards[i + 1]?.diskSerials ?? [],
    }),
  );
}
