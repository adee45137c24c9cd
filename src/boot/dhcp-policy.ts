import type { Exchange } from "../dhcp/exchange.ts";
import type { DhcpDecision, DhcpPolicy, DhcpQuestion, DhcpReport, ExtraOption, Lease } from "../dhcp/policy.ts";
import type { DomainName } from "../net/hostname.ts";
import { type Ipv4Address, type Ipv4Subnet, isInSubnet, subnetMask } from "../net/ipv4-address.ts";
import { isUnicastMac, type MacAddress } from "../net/mac-address.ts";
import { isSameSystem, type SystemUuid, systemUuidFromOption } from "../net/system-uuid.ts";
import type { Links } from "../profiles/kind.ts";
import type { QueueEvent } from "../queue/event.ts";
import { ARMED, type AttemptToken, BEYOND_INSTALLING, type Host } from "../queue/host.ts";
import { REFUSALS } from "../queue/refusal.ts";
import type { ProfileName, Slot } from "../queue/slot.ts";
import { findHeldSlot, findHostByMac, findHostByUuid, type QueueState, slotOf } from "../queue/state.ts";
import type { Verdict } from "../queue/step.ts";
import type { Tracer } from "../trace/footprint.ts";
import { type BootClient, identifyClient } from "./client.ts";
import { dhcpFootprint } from "./dhcp-footprint.ts";
import { nextRung, type Rungs } from "./ladder.ts";

/** The network that leases are for. */
export interface LeaseTerms {
  readonly subnet: Ipv4Subnet;
  readonly router: Ipv4Address;
  readonly domainNameServers: readonly Ipv4Address[];
  readonly domain: DomainName;
  readonly leaseSeconds: number;
  /** The operator's own options, for everybody. */
  readonly extra: readonly ExtraOption[];
}

export interface SlotDhcpPolicyParts {
  readonly queue: { readonly state: QueueState; dispatch(event: QueueEvent): Promise<Verdict> };
  readonly tracer: Tracer;
  readonly terms: LeaseTerms;
  readonly rungs: Rungs;
  readonly newToken: () => AttemptToken;
  /** UUIDs that the operator has seen on more than one machine: they count as none. */
  readonly bogusUuids: ReadonlySet<SystemUuid>;
  /** `ignore`: silence for an installed host; `local-boot`: a boot script that exits to its disk. */
  readonly provisioned: "ignore" | "local-boot";
  /** Does the system that this profile installs go on asking DHCP? */
  readonly usesDhcpOnceInstalled: (profile: ProfileName) => boolean;
}

/** Answers DHCP's question out of the queue. */
export class SlotDhcpPolicy implements DhcpPolicy {
  readonly #parts: SlotDhcpPolicyParts;

  constructor(parts: SlotDhcpPolicyParts) {
    this.#parts = parts;
  }

  decide({ request, exchange }: DhcpQuestion): DhcpDecision | Promise<DhcpDecision> {
    const { mac } = request;
    if (mac === null || !isUnicastMac(mac))
      return silence("its hardware address is not that of one Ethernet interface");
    const client = identifyClient(request);
    const asker: Asker = { mac, uuid: this.#uuidOf(request.raw.get(97)), client };
    if (exchange.type === "SELECTING-ANOTHER")
      return silence(`it chose the offer of another DHCP server, ${exchange.server}`);
    const boots = client.type === "firmware" || client.type === "ipxe";
    if (!boots) return this.#decideOrdinary(asker, exchange);
    // Before the queue is asked: who cannot boot anything from here must not cost a slot.
    const target = nextRung(client, mac, this.#parts.rungs);
    if (!target.ok) return silence(`there is nothing it could boot: ${target.error}`);
    if (exchange.type === "DISCOVER") return this.#offer(asker);
    if (exchange.type === "SELECTING" || exchange.type === "INIT-REBOOT") return this.#take(asker, exchange);
    return this.#keep(asker, exchange);
  }

  heard({ request, exchange }: DhcpQuestion): void {
    const { mac } = request;
    if (exchange.type !== "DECLINE" || mac === null) return;
    const { queue, tracer } = this.#parts;
    queue.dispatch({ type: "address-declined", mac, address: exchange.address }).then(
      (verdict) => {
        const [what, why] =
          verdict.type === "refused"
            ? [`its DECLINE of ${exchange.address} changes nothing`, REFUSALS[verdict.reason]]
            : [
                `address ${exchange.address} is in conflict`,
                "nobody gets it until the operator has looked (`bootqueue unskip`)",
              ];
        tracer.note({ mac, road: "queue", outcome: "noted", what, why });
      },
      () => {}, // The engine has already told the daemon that it cannot save.
    );
  }

  outcome(report: DhcpReport): void {
    this.#parts.tracer.note(dhcpFootprint(report, report.request === null ? null : identifyClient(report.request)));
  }

  /** The OFFER for a netboot client: of its own slot, or of one that is held for it now. */
  #offer(asker: Asker): DhcpDecision | Promise<DhcpDecision> {
    const { queue } = this.#parts;
    const known = this.#standing(asker);
    if (known !== null) return known;
    return queue.dispatch({ type: "host-seen", mac: asker.mac, uuid: asker.uuid }).then((verdict) => {
      if (verdict.type === "refused") return silence(REFUSALS[verdict.reason]);
      return this.#standing(asker) ?? this.#armed(asker) ?? silence("no slot could be held for it");
    });
  }

  /** The ACK that takes a slot; the state is on disk before it leaves. */
  #take(
    asker: Asker,
    exchange: { type: "SELECTING" | "INIT-REBOOT"; address: Ipv4Address },
  ): DhcpDecision | Promise<DhcpDecision> {
    const { queue, newToken, terms } = this.#parts;
    const { mac, uuid } = asker;
    const { address } = exchange;
    const settled = this.#settled(asker);
    if (settled !== null)
      return settled.type === "lease" && settled.lease.address !== address ? wrongAddress(address) : settled;
    const onOurNetwork = isInSubnet(address, terms.subnet);
    return queue.dispatch({ type: "slot-requested", mac, uuid, address, token: newToken() }).then((verdict) => {
      if (verdict.type !== "refused") return this.#settled(asker) ?? silence("its slot is gone again");
      // A client that we would serve and that asks for what it cannot have is told so, and starts again at once. An
      // address of another network is another server's until the client says it means us.
      if (verdict.reason !== "address-not-yours") return silence(REFUSALS[verdict.reason]);
      return exchange.type === "SELECTING" || onOurNetwork || findHostByMac(queue.state, mac)
        ? wrongAddress(address)
        : silence("it asks for an address of another network");
    });
  }

  /** RENEWING, REBINDING and INFORM of a netboot client: only who has a slot by now is answered. */
  #keep(asker: Asker, exchange: Exchange): DhcpDecision {
    const settled = this.#settled(asker);
    if (settled === null) {
      const host = this.#hostOf(asker);
      const slot = host && slotOf(this.#parts.queue.state, host);
      return silence(
        host && slot ? whySilent(host, slot) : "it has no slot here, so its address is not one that we gave",
      );
    }
    if (settled.type === "lease" && "address" in exchange && exchange.address !== settled.lease.address) {
      return exchange.type === "RENEWING" && exchange.address !== null
        ? wrongAddress(exchange.address)
        : silence(`its lease on ${exchange.address} is another server's`);
    }
    return settled;
  }

  /** Neither firmware nor iPXE: never costs a slot; only the installer, or an installed system that wants DHCP, is served. */
  #decideOrdinary(asker: Asker, exchange: Exchange): DhcpDecision {
    const { queue, usesDhcpOnceInstalled, rungs } = this.#parts;
    const host = findHostByMac(queue.state, asker.mac);
    if (host === undefined) {
      return silence(
        asker.client.type === "installer"
          ? "an installer through a NIC that we do not know yet: the NIC it booted from is served, and its answer request will name all"
          : "it is not a netboot client, and no host of ours",
      );
    }
    const slot = slotOf(queue.state, host);
    if (slot === undefined) return silence(`host ${host.id} has no slot`);
    if (host.bootMac !== asker.mac)
      return silence(`another NIC of ${slot.hostname}; the address is for the one it booted from`);
    const running = host.state.type === "pxe_booted" || host.state.type === "installing";
    const keepsDhcp = BEYOND_INSTALLING.has(host.state.type) && usesDhcpOnceInstalled(slot.profile);
    if (!running && !keepsDhcp) return silence(whySilent(host, slot));
    if ("address" in exchange && exchange.address !== null && exchange.address !== slot.address) {
      if (exchange.type === "REBINDING") return silence(`its lease on ${exchange.address} is another server's`);
      if (exchange.type !== "DISCOVER" && exchange.type !== "INFORM") return wrongAddress(exchange.address);
    }
    const extra = running && host.attempt !== null ? forInstaller(rungs.urls.links(host.id, host.attempt.token)) : [];
    return { type: "lease", lease: this.#lease(slot, null, extra) };
  }

  /** What is offered without asking the queue: a slot that the host has, or that is held for it. */
  #standing(asker: Asker): DhcpDecision | null {
    const settled = this.#settled(asker);
    if (settled !== null) return settled;
    const held = findHeldSlot(this.#parts.queue.state, asker.mac);
    return held === undefined ? null : this.#bootLease(held, asker);
  }

  /** The slot of a host that the operator armed and that asks for the first time, through whichever NIC. */
  #armed(asker: Asker): DhcpDecision | null {
    const host = this.#hostOf(asker);
    const slot = host && slotOf(this.#parts.queue.state, host);
    return host?.state.type === "pxe_ready" && slot !== undefined ? this.#bootLease(slot, asker) : null;
  }

  #hostOf({ mac, uuid }: Asker): Host | undefined {
    const { state } = this.#parts.queue;
    return findHostByMac(state, mac) ?? (uuid === null ? undefined : findHostByUuid(state, uuid));
  }

  /** What follows from the state alone. null: the queue has to decide. */
  #settled(asker: Asker): DhcpDecision | null {
    const { queue, provisioned } = this.#parts;
    const host = findHostByMac(queue.state, asker.mac);
    if (host === undefined) return null;
    const { type } = host.state;
    const slot = slotOf(queue.state, host);
    if (slot === undefined || host.bootMac !== asker.mac) return null;
    // A UUID that does not fit is the queue's business, which refuses it with words.
    if (host.uuid !== null && asker.uuid !== null && !isSameSystem(host.uuid, asker.uuid)) return null;
    if (host.state.type === "pxe_ready" && !host.state.requested) return null;
    if (ARMED.has(type)) return this.#bootLease(slot, asker);
    if (BEYOND_INSTALLING.has(type) && provisioned === "local-boot") return this.#bootLease(slot, asker);
    return null;
  }

  #bootLease(slot: Slot, asker: Asker): DhcpDecision {
    const target = nextRung(asker.client, asker.mac, this.#parts.rungs);
    if (!target.ok) return silence(`there is nothing it could boot: ${target.error}`);
    return { type: "lease", lease: this.#lease(slot, target.value, []) };
  }

  #lease(slot: Slot, boot: Lease["boot"], extra: readonly ExtraOption[]): Lease {
    const { terms } = this.#parts;
    return {
      address: slot.address,
      subnetMask: subnetMask(terms.subnet),
      router: terms.router,
      domainNameServers: terms.domainNameServers,
      hostname: slot.hostname,
      domainName: terms.domain,
      leaseSeconds: terms.leaseSeconds,
      boot,
      extra: [...terms.extra, ...extra],
    };
  }

  #uuidOf(option: Uint8Array | undefined): SystemUuid | null {
    const uuid = option === undefined ? null : systemUuidFromOption(option);
    return uuid === null || this.#parts.bogusUuids.has(uuid) ? null : uuid;
  }
}

interface Asker {
  readonly mac: MacAddress;
  readonly uuid: SystemUuid | null;
  readonly client: BootClient;
}

function silence(reason: string): DhcpDecision {
  return { type: "silence", reason };
}

function wrongAddress(address: Ipv4Address): DhcpDecision {
  return { type: "refuse", reason: `${address} is not held for you; ask again` };
}

function whySilent(host: Host, slot: Slot): string {
  switch (host.state.type) {
    case "failed":
      return REFUSALS["failed-before"];
    case "pxe_ready":
      return "an install is armed for it: it is served when it boots from the network";
    case "installed":
    case "first_boot":
    case "joining":
    case "ready":
      return `${slot.hostname} is ${host.state.type}: its system has a fixed address and is ignored`;
    default:
      return REFUSALS["not-armed"];
  }
}

/** Where its answer file is, and whose certificate it will meet there. */
function forInstaller({ answer, certFingerprint }: Links): readonly ExtraOption[] {
  return certFingerprint === null ? [text(250, answer)] : [text(250, answer), text(251, certFingerprint)];
}

/** Plain ASCII without a NUL: the installer would take it for a part of the address (proxmox-fetch-answer). */
function text(code: number, value: string): ExtraOption {
  return { code, bytes: Buffer.from(value, "ascii"), onlyIfAsked: true };
}
