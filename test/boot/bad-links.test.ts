// Whole installs over links that lose, double, delay and mix up datagrams both ways, against the servers of the product.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DomainName } from "../../src/net/hostname.ts";
import { type Ipv4Address, type Ipv4Subnet, UNSPECIFIED } from "../../src/net/ipv4-address.ts";
import { type DeclaredSlot, slotIdOf } from "../../src/queue/slot.ts";
import { later } from "../../src/std/clock.ts";
import { silentLog } from "../../src/std/log.ts";
import { DEFAULT_TFTP_LIMITS } from "../../src/tftp/negotiate.ts";
import { serveTftp } from "../../src/tftp/server.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { machineBench, SERVER } from "../support/machine-bench.ts";
import { machine } from "../support/netboot-machine.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";
import { DISCOVER, END, option, rawDhcp } from "../support/raw-dhcp.ts";
import { ACK, OFFER, readReply } from "../support/simulated-dhcp-client.ts";
import { FIRMWARE_KINDS, installMachine, rebootMachine } from "../support/simulated-machine.ts";
import { type NetworkFaults, type SentDatagram, SimulatedNetwork } from "../support/simulated-network.ts";
import { relayBetween } from "../support/simulated-relay.ts";

const RELAY = "10.98.0.1" as Ipv4Address;
const RACK = {
  subnet: "10.98.0.0/24" as Ipv4Subnet,
  router: RELAY,
  domainNameServers: [SERVER],
  domain: "rack.example" as DomainName,
};
const FILES = {
  "undionly.kpxe": "BIOS".repeat(18_003),
  // A whole number of blocks: the last is empty.
  "snponly.efi": "UEFI".repeat((1468 / 4) * 60),
};
const MACHINES = 5;
const SLOTS = 7;
const MINUTE = 60_000;
const ROUNDS = Number(process.env.ROUNDS ?? 5);

async function site(faults: NetworkFaults, behindRelay: boolean, random: () => number) {
  const clock = new FakeClock();
  const server = new SimulatedNetwork(clock, faults);
  server.record = true;
  const wire = behindRelay ? new SimulatedNetwork(clock, { ...faults, seed: (faults.seed ?? 1) + 1 }) : server;
  if (behindRelay) await relayBetween(wire, server, RELAY, SERVER);
  const { openUdp } = server.host(SERVER);
  const [own, broadcast, bootServer, tftpSocket] = await Promise.all(
    [
      [SERVER, 67],
      [UNSPECIFIED, 67],
      [SERVER, 4011],
      [SERVER, 69],
    ].map(([address, port]) => openUdp({ address: address as Ipv4Address, port: port as number })),
  );
  assert.ok(own && broadcast && bootServer && tftpSocket);
  const near = behindRelay ? 0 : SLOTS;
  const bench = await machineBench({
    clock,
    sockets: { own, broadcast, bootServer },
    slots: near,
    relayed: [RACK],
    moreSlots: behindRelay ? Array.from({ length: SLOTS }, (_, n) => rackSlot(n + 1)) : [],
    assets: FILES,
    rules: { attemptsMax: 30 },
  });
  const serving = serveTftp(tftpSocket, openUdp, bench.tftp, DEFAULT_TFTP_LIMITS, clock, silentLog);
  const openSockets = () => server.openSockets + (behindRelay ? wire.openSockets : 0);
  return {
    bench,
    clock,
    random,
    wire,
    server,
    serving,
    openSockets,
    tftp: { address: SERVER, port: 69 },
    files: FILES,
  };
}

function rackSlot(n: number): DeclaredSlot {
  const address = `10.98.0.${20 + n}` as Ipv4Address;
  return {
    id: slotIdOf(address),
    address,
    hostname: `far${n}` as DeclaredSlot["hostname"],
    profile: "pve" as DeclaredSlot["profile"],
    labels: [],
    reservation: null,
    boardSerial: null,
    diskSerials: [],
  };
}

/** Every ACK repeats an OFFER of the same address to the same machine, and no address was ever given to two. */
function checkAnswers(log: readonly SentDatagram[]): void {
  const offered = new Set<string>();
  const owners = new Map<string, string>();
  for (const { from, bytes } of log) {
    const reply = from.address === SERVER && from.port === 67 ? readReply(bytes) : null;
    if (reply === null || (reply.type !== OFFER && reply.type !== ACK)) continue;
    const pair = `${reply.chaddr} ${reply.yiaddr}`;
    if (reply.type === OFFER) offered.add(pair);
    else assert.ok(offered.has(pair), `ACK of what was not offered: ${pair}`);
    if (reply.type !== ACK) continue;
    const owner = owners.get(reply.yiaddr) ?? reply.chaddr;
    assert.equal(owner, reply.chaddr, `${reply.yiaddr} was given to ${owner} and ${reply.chaddr}`);
    owners.set(reply.yiaddr, reply.chaddr);
    assert.equal([...owners.values()].filter((of) => of === reply.chaddr).length, 1, `${pair}: a second address`);
  }
}

async function installsAll(faults: NetworkFaults, behindRelay: boolean, random: () => number): Promise<void> {
  const place = await site(faults, behindRelay, random);
  const { bench, clock, wire, serving } = place;
  const before = place.openSockets();
  // A laptop keeps asking all the while.
  const laptop = await wire.host().openUdp({ address: UNSPECIFIED, port: 68 });
  let isOver = false;
  const laptopAsks = () => {
    if (isOver) return;
    const fields = [DISCOVER, option(60, "MSFT 5.0"), option(55, 1, 3, 6), END];
    laptop.send(rawDhcp({ chaddr: "70b5e8000101", fields, size: 300 }), {
      address: "255.255.255.255" as Ipv4Address,
      port: 67,
    });
    clock.alarm(later(clock.now(), 7000), laptopAsks);
  };
  laptopAsks();
  // Now and then the disk is slow, and copies of a REQUEST meet while the first is being saved.
  const diskStalls = () => {
    if (isOver) return;
    bench.store.hold();
    clock.alarm(later(clock.now(), 20 + Math.floor(random() * 1500)), () => bench.store.release());
    clock.alarm(later(clock.now(), 2000 + Math.floor(random() * 4000)), diskStalls);
  };
  diskStalls();

  const racks = Array.from({ length: MACHINES }, (_, n) => ({
    who: machine(n + 1),
    kind: FIRMWARE_KINDS[Math.floor(random() * FIRMWARE_KINDS.length)] ?? "edk2",
  }));
  const addresses = new Map<string, string>();
  const failures: unknown[] = [];
  const installs = racks.map(({ who, kind }) =>
    installMachine(place, who, kind).then(
      (address) => addresses.set(who.host, address),
      (cause: unknown) => failures.push(cause),
    ),
  );
  const done = () => addresses.size + failures.length === MACHINES;
  const oneSlotEach = () => {
    const taken = bench.engine.state.hosts.flatMap(({ slot }) => slot ?? []);
    assert.equal(new Set(taken).size, taken.length);
    assert.ok(bench.engine.state.hosts.length <= MACHINES);
    const free = bench.engine.state.slots.filter(({ state }) => state.type === "available").length;
    assert.ok(free >= SLOTS - MACHINES, `only ${free} slots are free`);
    return done();
  };
  assert.ok(await place.server.run(240 * MINUTE, oneSlotEach), `only ${addresses.size} of ${MACHINES} were installed`);
  await Promise.all(installs);
  if (failures.length > 0) throw failures[0];

  assert.equal(new Set(addresses.values()).size, MACHINES);
  for (const { who } of racks) assert.equal(bench.hostOf(who)?.state.type, "ready");
  checkAnswers(place.server.log);

  // Installed machines are ignored; what is still on its way changes nothing.
  let answered = -1;
  place.server.log.splice(0);
  const reboots = Promise.all(racks.map(({ who, kind }) => rebootMachine(place, who, kind))).then((leases) => {
    answered = leases.filter((lease) => lease !== null).length;
  });
  assert.ok(await place.server.run(5 * MINUTE, () => answered >= 0));
  await reboots;
  assert.equal(answered, 0);
  assert.deepEqual(
    place.server.log.filter(({ bytes }) => [OFFER, ACK].includes(readReply(bytes)?.type ?? 0)),
    [],
  );

  isOver = true;
  await laptop.close();
  await place.server.run(2 * MINUTE);
  assert.deepEqual(serving.transfers(), []);
  assert.equal(place.openSockets(), before);
  assert.ok(clock.pending <= 1, `${clock.pending} alarms are left`);
  assert.deepEqual(bench.broken, []);
  await serving.close();
}

const LINKS: readonly { what: string; faults: (random: () => number) => NetworkFaults }[] = [
  { what: "perfect links", faults: () => ({}) },
  { what: "links that lose up to 30 % each way", faults: (random) => ({ loss: 0.05 + random() * 0.25 }) },
  { what: "links that double a third of all", faults: () => ({ duplication: 0.33, delayMs: 5 }) },
  {
    what: "links that deliver out of order, up to seconds late",
    faults: (random) => ({ reordering: 0.3, delayMs: 20 + Math.floor(random() * 200) }),
  },
  {
    what: "links that do all of it",
    faults: (random) => ({
      loss: random() * 0.2,
      duplication: random() * 0.3,
      reordering: random() * 0.4,
      delayMs: 1 + Math.floor(random() * 100),
    }),
  },
];

describe("machines are installed, each with one slot and the right files,", () => {
  for (const { what, faults } of LINKS) {
    for (const behindRelay of [false, true]) {
      test(`over ${what}${behindRelay ? ", behind a relay" : ""}`, async () => {
        const first = chosenSeed();
        for (let seed = first; seed < first + (what === "perfect links" ? 1 : ROUNDS); seed++) {
          const random = seeded(seed);
          const links = { ...faults(random), seed };
          try {
            await installsAll(links, behindRelay, random);
          } catch (cause) {
            throw new Error(`SEED=${seed} ${JSON.stringify(links)}: ${cause}`, { cause });
          }
        }
      });
    }
  }
});
