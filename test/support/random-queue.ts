import type { Hostname } from "../../src/net/hostname.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { type MacAddress, macAddressFromBytes } from "../../src/net/mac-address.ts";
import type { RelayPort } from "../../src/net/relay-port.ts";
import type { SystemUuid } from "../../src/net/system-uuid.ts";
import {
  type AttemptToken,
  type Host,
  type HostState,
  type HostStateType,
  hostIdOf,
  MOVES,
} from "../../src/queue/host.ts";
import type { Identity } from "../../src/queue/identity.ts";
import type { Inventory } from "../../src/queue/inventory.ts";
import type { MemberState } from "../../src/queue/rebuild-set.ts";
import { type ProfileName, type Slot, slotIdOf } from "../../src/queue/slot.ts";
import type { QueueState } from "../../src/queue/state.ts";
import type { Instant } from "../../src/std/clock.ts";

/** Numbers from 0 to just under 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: `SEED` from the environment, or a fresh one. Say it in every failure message. */
export function chosenSeed(): number {
  return Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
}

/** A queue that hangs together, with everything in it that a queue may hold. `size`: about how many slots and hosts. */
export function randomQueue(random: () => number, size: number): QueueState {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const maybe = <T>(value: () => T): T | null => (random() < 0.5 ? value() : null);
  const whole = (below: number) => Math.floor(random() * below);
  const instant = () => (1_700_000_000_000 + whole(1e10)) as Instant;
  const word = () => pick(["", "plain", 'with "quotes"', "ümläut ☂", "line\nfeed", "\u0000", "null", "sha256"]);
  const mac = (n: number, nic: number) => macAddressFromBytes(Buffer.from([0x52, 0x54, nic, n >> 16, n >> 8, n]));
  const uuid = () =>
    Array.from({ length: 32 }, () => whole(16).toString(16))
      .join("")
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") as SystemUuid;

  const identity = (): Identity => ({
    uuid: maybe(uuid),
    serial: maybe(word),
    boardSerial: maybe(word),
    nics: maybe(() => Array.from({ length: whole(3) }, (_, nic) => mac(whole(size + 1), nic))),
  });

  const inventory = (): Inventory => ({
    system: maybe(word),
    fqdn: maybe(word),
    kernel: maybe(word),
    bootMode: maybe(() => pick(["bios", "efi"] as const)),
    secureBoot: random() < 0.5,
    filesystem: maybe(word),
    machineId: maybe(word),
    cpu: maybe(() => ({ model: word(), sockets: whole(4), cores: whole(64), cpus: whole(128) })),
    board: { product: maybe(word), serial: maybe(word), boardSerial: maybe(word) },
    disks: Array.from({ length: whole(3) }, () => ({
      device: maybe(word),
      model: maybe(word),
      serial: maybe(word),
      sizeBytes: maybe(() => whole(2 ** 44)),
      isBootDisk: random() < 0.5,
    })),
    nics: Array.from({ length: whole(3) }, (_, n) => ({
      name: maybe(word),
      mac: mac(whole(size + 1), n),
      address: maybe(word),
      isManagement: random() < 0.5,
    })),
    sshHostKeys: random() < 0.5 ? {} : { ed25519: word(), rsa: word() },
  });

  const HOST_STATES: { readonly [Type in HostStateType]: () => Extract<HostState, { type: Type }> } = {
    discovered: () => ({ type: "discovered", since: instant(), reason: word(), approved: random() < 0.5 }),
    registered: () => ({ type: "registered", since: instant() }),
    pxe_ready: () => ({ type: "pxe_ready", since: instant(), deadline: instant(), requested: random() < 0.5 }),
    pxe_booted: () => ({ type: "pxe_booted", since: instant(), deadline: instant() }),
    installing: () => ({ type: "installing", since: instant(), deadline: instant() }),
    installed: () => ({ type: "installed", since: instant(), deadline: maybe(instant) }),
    first_boot: () => ({ type: "first_boot", since: instant(), deadline: maybe(instant) }),
    joining: () => ({ type: "joining", since: instant(), deadline: instant() }),
    ready: () => ({ type: "ready", since: instant() }),
    failed: () => ({ type: "failed", since: instant(), reason: word(), from: pick(STATE_TYPES) }),
  };

  const hosts: Host[] = Array.from({ length: whole(size + 1) }, (_, n) => {
    const macs: [MacAddress, ...MacAddress[]] = [
      mac(n, 0),
      ...Array.from({ length: whole(3) }, (_, nic) => mac(n, nic + 1)),
    ];
    return {
      id: hostIdOf(macs[0]),
      uuid: maybe(uuid),
      macs,
      bootMac: pick(macs),
      serverType: maybe(() => "r640"),
      byOperator: random() < 0.5,
      dhcp: pick([null, null, "full", "proxy", "ignore"]),
      slot: null,
      state: HOST_STATES[pick(STATE_TYPES)](),
      attempt: maybe(() => ({
        token: `t${whole(1e9)}` as AttemptToken,
        answers: whole(4),
        armedAt: instant(),
        approved: maybe(identity),
        power: maybe(() => ({
          step: pick(["wanted", "switching", "switched", "failed"] as const),
          isForStuck: random() < 0.5,
        })),
      })),
      inventory: maybe(inventory),
      identity: maybe(identity),
      hold: maybe(() => ({ since: instant(), was: identity(), seen: identity() })),
      passages: Array.from({ length: whole(4) }, () => ({ state: pick(STATE_TYPES), at: instant(), reason: word() })),
      founding: maybe(() => ({ cluster: word(), at: instant() })),
      operations: Array.from({ length: whole(3) }, (_, n) => ({
        id: n + 1,
        startedAt: instant(),
        reason: word(),
        ended: maybe(() => ({
          at: instant(),
          outcome: pick(["succeeded", "failed", "given-up"] as const),
          reason: word(),
        })),
        steps: Array.from({ length: whole(3) }, () => ({
          name: word(),
          startedAt: instant(),
          ended: maybe(() => ({ at: instant(), outcome: pick(["succeeded", "failed", "skipped"] as const) })),
          notes: Array.from({ length: whole(3) }, () => ({ at: instant(), text: word() })),
        })),
      })),
    };
  });

  const slots = Array.from({ length: whole(size + 1) }, (_, n): Slot => {
    const address = `10.11.${n >> 8}.${n & 255}` as Ipv4Address;
    const host = hosts[n];
    const takes = host !== undefined && random() < 0.7;
    if (takes) hosts[n] = { ...host, slot: slotIdOf(address) };
    const reservation = pick<Slot["reservation"]>([
      null,
      { type: "mac", mac: mac(n, 0) },
      { type: "port", port: `switch1/${n}` as RelayPort },
      { type: "server-type", serverType: "r640" },
    ]);
    return {
      id: slotIdOf(address),
      address,
      hostname: `node${n}` as Hostname,
      profile: pick(["pve", "ubuntu 24"]) as ProfileName,
      labels: pick([[], ["rack1"], ["rack1", "gpu"]]),
      reservation,
      boardSerial: maybe(word),
      diskSerials: random() < 0.5 ? [] : [word()],
      declared: takes ? random() < 0.8 : true,
      state: takes
        ? { type: "assigned", host: host.id, since: instant() }
        : pick<Slot["state"]>([
            { type: reservation === null ? "available" : "reserved" },
            { type: "held", mac: mac(n, 9), uuid: null, since: instant(), until: instant() },
            { type: "skipped", since: instant(), reason: word(), conflict: null },
            { type: "skipped", since: instant(), reason: word(), conflict: null, waitsForName: true },
            { type: "skipped", since: instant(), reason: word(), conflict: { type: "declined" } },
            { type: "skipped", since: instant(), reason: word(), conflict: { type: "in-use", mac: mac(n, 8) } },
          ]),
    };
  });
  const rebuilds = maybe(() => ({
    startedAt: instant(),
    parallel: 1 + whole(4),
    keepGoing: random() < 0.5,
    stopped: maybe(word),
    members: hosts.map((host) => ({
      host: host.id,
      state: pick<MemberState>([
        { type: "waiting", token: "t" as AttemptToken },
        { type: "running", token: "t" as AttemptToken },
        { type: "succeeded" },
        { type: "failed", reason: word() },
        { type: "left-out", reason: word() },
      ]),
    })),
  }));
  return { slots, hosts, paused: random() < 0.5, rebuilds };
}

const STATE_TYPES = Object.keys(MOVES) as HostStateType[];
