import type { Exchange } from "../dhcp/exchange.ts";
import { isLook } from "../dhcp/foreign-server.ts";
import type { DhcpMessage } from "../dhcp/message.ts";
import type { BootTarget, DhcpDecision, DhcpPolicy, DhcpQuestion, DhcpReport } from "../dhcp/policy.ts";
import { type Ipv4Address, isInSubnet } from "../net/ipv4-address.ts";
import { isUnicastMac, type MacAddress } from "../net/mac-address.ts";
import { isSameSystem, type SystemUuid, systemUuidFromOption } from "../net/system-uuid.ts";
import type { QueueEvent } from "../queue/event.ts";
import { ARMED, type AttemptToken, BEYOND_INSTALLING, type DhcpMode, type Host } from "../queue/host.ts";
import { isWithin, type Place } from "../queue/place.ts";
import { REFUSALS } from "../queue/refusal.ts";
import { type ScriptMeaning, stillBoots } from "../queue/script-booting.ts";
import type { ProfileName, Slot } from "../queue/slot.ts";
import { findHeldSlot, findHostByMac, findHostByUuid, type QueueState, slotOf } from "../queue/state.ts";
import type { Verdict } from "../queue/step.ts";
import type { Result } from "../std/result.ts";
import type { Tracer } from "../trace/footprint.ts";
import { RASPBERRY_PI } from "./architecture.ts";
import { type BootClient, identifyClient } from "./client.ts";
import { dhcpFootprint } from "./dhcp-footprint.ts";
import { dhcpModeOf, IGNORED, type StandardMode } from "./dhcp-mode.ts";
import { elsewhere, forInstaller, nothingFor, silence, whySilent, wrongAddress, wrongNetwork } from "./dhcp-words.ts";
import type { FloodGuard } from "./flood-guard.ts";
import type { ForeignServers } from "./foreign-servers.ts";
import { nextRung, type Rungs } from "./ladder.ts";
import { type LeaseTerms, leaseOf } from "./lease-terms.ts";
import type { LoopBreaker } from "./loop-breaker.ts";
import { mayChoose } from "./menu.ts";
import type { PoolPolicy } from "./pool-policy.ts";
import type { Sightings } from "./sightings.ts";
import { type Answered, StandingAnswer, StateAges } from "./standing-answer.ts";
import type { Admission } from "./stranger-gate.ts";
import { placeOf } from "./subnets.ts";

export interface SlotDhcpPolicyParts {
  readonly queue: {
    readonly state: QueueState;
    /** With what is being saved: an OFFER binds nobody, so it need not wait for the disk. */
    readonly decided: QueueState;
    dispatch(event: QueueEvent): Promise<Verdict>;
  };
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
  /** What the boot script of the host's profile brings by itself; null: nothing. */
  readonly scriptOf: (host: Host) => ScriptMeaning | null;
  /** For hosts that have no mode of their own. */
  readonly mode: StandardMode;
  /** Does this profile want shim and GRUB instead of iPXE? */
  readonly wantsSecureBoot: (profile: ProfileName) => boolean;
  readonly sightings: Sightings;
  readonly loops: LoopBreaker;
  readonly flood: FloodGuard;
  /** Where it is noted who else answers machines here. */
  readonly foreign: Pick<ForeignServers, "chosen" | "mac">;
  /** Addresses for clients that boot nothing from here; null: they get none. */
  readonly pool: PoolPolicy | null;
  /** true: machines that are to install nothing may choose from a menu. */
  readonly hasMenu: () => boolean;
}

/**
 * Answers DHCP's question out of the queue. A host in mode `proxy` goes the same way as one in mode `full`, but is told
 * what to boot alone: its address is another server's, and its REQUEST never reaches us.
 */
export class SlotDhcpPolicy implements DhcpPolicy {
  readonly #parts: SlotDhcpPolicyParts & { readonly ages: StateAges };
  /** The newest answer on the timeline, for who will repeat it. */
  #noted: Answered | null = null;
  /** The message that was looked at last. */
  #identified: { readonly request: DhcpMessage; readonly client: BootClient } | null = null;

  constructor(parts: SlotDhcpPolicyParts) {
    this.#parts = { ...parts, ages: new StateAges() };
  }

  decide({ request, exchange }: DhcpQuestion): DhcpDecision | Promise<DhcpDecision> {
    const { mac, xid } = request;
    if (mac === null || !isUnicastMac(mac))
      return silence("its hardware address is not that of one Ethernet interface");
    if (isLook(request)) return this.#answerLook(mac);
    const byMac = findHostByMac(this.#parts.queue.state, mac);
    if (!this.#parts.flood.mayAsk(mac, byMac !== undefined)) return silence(TOO_OFTEN);
    const client = this.#identify(request);
    const uuid = this.#uuidOf(client, request.raw.get(97));
    const host = byMac ?? (uuid === null ? undefined : findHostByUuid(this.#parts.queue.state, uuid));
    const place = placeOf(request, this.#parts.terms);
    if (!place.ok) return silence(place.error);
    const mode = dhcpModeOf(host, this.#parts.mode);
    const asker: Asker = { mac, uuid, client, xid, exchange, mode, place: place.value };
    if (asker.mode === "ignore") return silence(IGNORED);
    if (exchange.type === "SELECTING-ANOTHER")
      return silence(`it chose the offer of another DHCP server, ${exchange.server}`);
    if (client.type !== "firmware" && client.type !== "ipxe") return this.#decideOrdinary(asker);
    // Before the queue is asked: who cannot boot anything from here must not cost a slot. One that has a slot already is
    // given the address, and nothing to load.
    const target = nextRung(client, mac, this.#parts.rungs);
    if (!target.ok && (asker.mode === "proxy" || host?.slot == null)) return silence(nothingFor(target.error));
    if (this.#isOfMenu(asker, host)) return this.#toMenu(asker, nothingFor("there is no menu"));
    if (asker.mode === "proxy") return this.#decideProxy(asker, host);
    if (exchange.type === "DISCOVER") return this.#offer(asker, host);
    if (exchange.type === "SELECTING" || exchange.type === "INIT-REBOOT") return this.#take(asker, host, exchange);
    return this.#keep(asker, host);
  }

  heard({ request, exchange }: DhcpQuestion): void {
    const { mac } = request;
    if (mac === null) return;
    const { queue, tracer, sightings } = this.#parts;
    if (exchange.type === "SELECTING-ANOTHER") {
      this.#parts.flood.strangers.took(mac);
      this.#parts.foreign.chosen(exchange.server);
      const address = request.options.requestedIpAddress;
      if (address !== undefined && this.#modeOf(mac) === "proxy") sightings.saw(mac, { address });
      else queue.dispatch({ type: "other-offer-chosen", mac }).catch(() => {});
      return;
    }
    if (exchange.type !== "DECLINE" && exchange.type !== "RELEASE") return;
    if (this.#parts.pool?.heard(mac, exchange.type, exchange.address)) return;
    // A host keeps its slot, whatever its system says when it is shut down.
    if (exchange.type === "RELEASE") return;
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

  repeatable({ request }: DhcpReport): StandingAnswer | null {
    return this.#noted?.request === request ? StandingAnswer.of(this.#parts, this.#noted) : null;
  }

  outcome(report: DhcpReport): void {
    const { request, reply } = report;
    // Our own look at who else answers here is no news.
    if (request !== null && request.mac === this.#parts.foreign.mac) return;
    const client = request === null ? null : this.#identify(request);
    this.#noted = null;
    if (reply === null) {
      const host = request?.mac == null ? undefined : findHostByMac(this.#parts.queue.state, request.mac);
      const describe = () => dhcpFootprint(report, client, dhcpModeOf(host, this.#parts.mode));
      if (host?.slot == null) this.#parts.flood.notes.note(describe);
      else this.#parts.tracer.note(describe());
      return;
    }
    const footprint = dhcpFootprint(report, client, this.#parts.mode);
    this.#noted = { request, reply, footprint };
    this.#parts.tracer.note(footprint);
    const isLoader = client?.type === "firmware" || (client?.type === "ipxe" && !client.http);
    const loader = reply.options.bootfileName ?? reply.file;
    if (request?.mac != null && reply.type === "ACK" && isLoader && loader !== "")
      this.#parts.loops.leased(request.mac, loader, request.xid);
  }

  /**
   * The boot file alone, to a DISCOVER and on port 4011. A slot is held for it, so that machines keep the order in which
   * they were switched on; its boot script takes it.
   */
  #decideProxy(asker: Asker, host: Host | undefined): DhcpDecision | Promise<DhcpDecision> {
    const { mac, uuid, exchange } = asker;
    if (exchange.type !== "DISCOVER" && exchange.type !== "BOOT-SERVER") {
      const how = host?.dhcp === "proxy" ? "its own DHCP mode is `proxy`" : "we are a proxy beside it";
      return silence(`its address is the business of another DHCP server: ${how}`);
    }
    const address = exchange.type === "BOOT-SERVER" ? exchange.address : null;
    this.#parts.sightings.saw(mac, { uuid, address });
    return this.#offer(asker, host);
  }

  /** A daemon like this one wants to know who answers here: the truth, and no slot. */
  #answerLook(mac: MacAddress): DhcpDecision {
    const { foreign, rungs } = this.#parts;
    if (mac === foreign.mac) return silence("our own look for other DHCP servers");
    const boot = { type: "pxe", nextServer: rungs.nextServer, file: rungs.bootFiles.uefi_x64 } as const;
    return { type: "boot-only", boot };
  }

  /** The OFFER for a netboot client: of its own slot, or of one that is held for it now. */
  #offer(asker: Asker, host: Host | undefined): DhcpDecision | Promise<DhcpDecision> {
    const { queue } = this.#parts;
    const known = this.#standing(asker, host);
    if (known !== null) return known;
    const { mac, uuid, place } = asker;
    const { strangers } = this.#parts.flood;
    const isStranger = host === undefined || host.state.type === "discovered";
    const admission = isStranger ? strangers.asks(mac) : KNOWN;
    if (admission.type === "turned-away") return silence(admission.reason);
    const { insistent } = admission;
    return queue.dispatch({ type: "host-seen", mac, uuid, place, insistent }).then((verdict) => {
      if (verdict.type === "refused") {
        if (isStranger) strangers.leftWithNothing(mac, insistent);
        return this.#toMenu(asker, REFUSALS[verdict.reason]);
      }
      const standing = this.#standing(asker, findHostByMac(queue.state, mac));
      return standing ?? this.#armed(asker, this.#hostOf(asker)) ?? silence("no slot could be held for it");
    });
  }

  /** It asks for, or about, an address that the pool gave it on its way to the menu. */
  #isOfMenu({ exchange, mode }: Asker, host: Host | undefined): boolean {
    const { pool, hasMenu } = this.#parts;
    if (pool === null || mode !== "full" || !hasMenu() || !mayChoose(host)) return false;
    return "address" in exchange && exchange.address !== null && pool.has(exchange.address);
  }

  /** The way to the menu, for a machine that may choose; else silence, for the `reason`. */
  #toMenu(asker: Asker, reason: string): DhcpDecision | Promise<DhcpDecision> {
    const { pool, hasMenu, rungs } = this.#parts;
    const { mac, place, exchange } = asker;
    if (!hasMenu() || !mayChoose(this.#hostOf(asker))) return silence(reason);
    const target = nextRung(asker.client, mac, rungs);
    if (!target.ok) return silence(nothingFor(target.error));
    const stopped = this.#whyStopped(target.value, asker, this.#hostOf(asker));
    if (stopped !== null) return silence(stopped);
    if (asker.mode === "proxy") return { type: "boot-only", boot: target.value };
    const decision = pool?.decide(mac, place, exchange) ?? silence(reason);
    const withBoot = (decided: DhcpDecision): DhcpDecision =>
      decided.type === "lease" ? { ...decided, lease: { ...decided.lease, boot: target.value } } : decided;
    return decision instanceof Promise ? decision.then(withBoot) : withBoot(decision);
  }

  /** The ACK that takes a slot; the state is on disk before it leaves. */
  #take(
    asker: Asker,
    host: Host | undefined,
    exchange: { type: "SELECTING" | "INIT-REBOOT"; address: Ipv4Address },
  ): DhcpDecision | Promise<DhcpDecision> {
    const { queue, newToken, flood } = this.#parts;
    const { mac, uuid, place } = asker;
    const { address } = exchange;
    const settled = this.#settled(asker, host);
    if (settled !== null)
      return settled.type === "lease" && settled.lease.address !== address ? wrongAddress(address) : settled;
    const onItsNetwork = isInSubnet(address, place.subnet);
    return queue.dispatch({ type: "slot-requested", mac, uuid, place, address, token: newToken() }).then((verdict) => {
      if (verdict.type !== "refused") {
        flood.strangers.took(mac);
        return this.#settled(asker, findHostByMac(queue.state, mac)) ?? silence("its slot is gone again");
      }
      // A client that we would serve and that asks for what it cannot have is told so, and starts again at once. An
      // address of another network is another server's until the client says it means us.
      if (verdict.reason === "other-network") return wrongNetwork(address);
      if (verdict.reason !== "address-not-yours") return silence(REFUSALS[verdict.reason]);
      return exchange.type === "SELECTING" || onItsNetwork || findHostByMac(queue.state, mac)
        ? wrongAddress(address)
        : silence("it asks for an address of another network");
    });
  }

  /** RENEWING, REBINDING, INFORM and port 4011: only a netboot client that has a slot by now is answered. */
  #keep(asker: Asker, host: Host | undefined): DhcpDecision {
    const { exchange } = asker;
    const slot = host && slotOf(this.#parts.queue.state, host);
    const settled = this.#settled(asker, host);
    if (slot !== undefined && !isWithin(asker.place, slot)) return elsewhere(exchange);
    if (settled === null || slot === undefined)
      return silence(
        host && slot ? whySilent(host, slot) : "it has no slot here, so its address is not one that we gave",
      );
    // An INFORM tells an address that may be anybody's, and is answered all the same (RFC 2131 §4.3.5).
    const extended = exchange.type === "INFORM" || !("address" in exchange) ? null : exchange.address;
    if (settled.type !== "silence" && extended !== null && extended !== slot.address) {
      return exchange.type === "RENEWING"
        ? wrongAddress(extended)
        : silence(`its lease on ${extended} is another server's`);
    }
    return settled;
  }

  /** Neither firmware nor iPXE: never costs a slot; only the installer, or an installed system that wants DHCP, is served. */
  #decideOrdinary(asker: Asker): DhcpDecision | Promise<DhcpDecision> {
    const { queue, usesDhcpOnceInstalled, rungs, terms, pool } = this.#parts;
    const { exchange } = asker;
    const host = findHostByMac(queue.state, asker.mac);
    if (asker.mode === "proxy") return silence("no netboot client: its address is the business of another DHCP server");
    // One that waits for a slot is not ours yet.
    const isStranger = host === undefined || (host.state.type === "discovered" && host.slot === null);
    if (pool !== null && isStranger && asker.client.type === "other")
      return pool.decide(asker.mac, asker.place, exchange);
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
    if (!isWithin(asker.place, slot)) return elsewhere(exchange);
    const running = host.state.type === "pxe_booted" || host.state.type === "installing";
    const keepsDhcp = BEYOND_INSTALLING.has(host.state.type) && usesDhcpOnceInstalled(slot.profile);
    if (!running && !keepsDhcp) return silence(whySilent(host, slot));
    if ("address" in exchange && exchange.address !== null && exchange.address !== slot.address) {
      if (exchange.type === "REBINDING") return silence(`its lease on ${exchange.address} is another server's`);
      if (exchange.type !== "DISCOVER" && exchange.type !== "INFORM") return wrongAddress(exchange.address);
    }
    const extra = running && host.attempt !== null ? forInstaller(rungs.urls.links(host.id, host.attempt)) : [];
    return { type: "lease", lease: leaseOf(slot, null, terms, extra) };
  }

  /** What is offered without asking the queue: a slot that the host has, or that is held for it. */
  #standing(asker: Asker, host: Host | undefined): DhcpDecision | null {
    const settled = this.#settled(asker, host);
    if (settled !== null) return settled;
    const held = findHeldSlot(this.#parts.queue.decided, asker.mac);
    return held === undefined || !isWithin(asker.place, held) ? null : this.#serve(held, asker, host);
  }

  /** The slot of a host that the operator armed and that asks for the first time, through whichever NIC. */
  #armed(asker: Asker, host: Host | undefined): DhcpDecision | null {
    const slot = host && slotOf(this.#parts.queue.state, host);
    return host?.state.type === "pxe_ready" && slot !== undefined && isWithin(asker.place, slot)
      ? this.#serve(slot, asker, host)
      : null;
  }

  #hostOf({ mac, uuid }: Pick<Asker, "mac" | "uuid">): Host | undefined {
    const { state } = this.#parts.queue;
    return findHostByMac(state, mac) ?? (uuid === null ? undefined : findHostByUuid(state, uuid));
  }

  #modeOf(mac: MacAddress): DhcpMode {
    return dhcpModeOf(findHostByMac(this.#parts.queue.state, mac), this.#parts.mode);
  }

  /** What follows from the state alone. null: the queue has to decide. */
  #settled(asker: Asker, host: Host | undefined): DhcpDecision | null {
    const { queue, provisioned } = this.#parts;
    if (host === undefined) return null;
    const { type } = host.state;
    const slot = slotOf(queue.state, host);
    if (slot === undefined || host.bootMac !== asker.mac || !isWithin(asker.place, slot)) return null;
    // A UUID that does not fit is the queue's business, which refuses it with words.
    if (host.uuid !== null && asker.uuid !== null && !isSameSystem(host.uuid, asker.uuid)) return null;
    if (host.state.type === "pxe_ready" && !host.state.requested) return null;
    if (host.hold !== null) return null;
    if (ARMED.has(type)) return this.#serve(slot, asker, host);
    if (BEYOND_INSTALLING.has(type) && provisioned === "local-boot") return this.#serve(slot, asker, host);
    if (type === "ready" && stillBoots(host, this.#parts.scriptOf(host))) return this.#serve(slot, asker, host);
    return null;
  }

  /** What a client gets that may have this slot: the address and the next thing to load, or the latter alone. */
  #serve(slot: Slot, asker: Asker, host: Host | undefined): DhcpDecision {
    const { terms } = this.#parts;
    const target = this.#targetFor(slot, asker);
    const stopped = target.ok ? this.#whyStopped(target.value, asker, host) : null;
    if (stopped !== null) return silence(stopped);
    const wantsAddress = asker.mode === "full" && asker.exchange.type !== "BOOT-SERVER";
    if (!target.ok) {
      // Firmware of a kind that we cannot boot has a use for its address; one that only chose the wrong way has not.
      const isOfUse = wantsAddress && !nextRung(asker.client, asker.mac, this.#parts.rungs).ok;
      return isOfUse ? { type: "lease", lease: leaseOf(slot, null, terms, []) } : silence(nothingFor(target.error));
    }
    if (wantsAddress) return { type: "lease", lease: leaseOf(slot, target.value, terms, []) };
    return { type: "boot-only", boot: target.value };
  }

  #targetFor({ profile }: Slot, { client, mac }: Asker): Result<BootTarget, string> {
    const { rungs, wantsSecureBoot } = this.#parts;
    return nextRung(client, mac, rungs, wantsSecureBoot(profile));
  }

  /** A boot script may be fetched as often as anybody likes; the queue counts what matters there. */
  #whyStopped({ type, file }: BootTarget, { mac, xid }: Asker, host: Host | undefined): string | null {
    if (type === "ipxe" || file === "") return null;
    return this.#parts.loops.whyStopped(mac, file, xid, host?.attempt?.armedAt ?? null);
  }

  /** Asked for when a message is decided and when its outcome is noted. */
  #identify(request: DhcpMessage): BootClient {
    if (this.#identified?.request !== request) this.#identified = { request, client: identifyClient(request) };
    return this.#identified.client;
  }

  /** A Pi's boot ROM sends its serial number there; the UEFI that it may load afterwards has a UUID of its own. */
  #uuidOf(client: BootClient, option: Uint8Array | undefined): SystemUuid | null {
    if (client.type === "firmware" && client.architectureCode === RASPBERRY_PI) return null;
    const uuid = option === undefined ? null : systemUuidFromOption(option);
    return uuid === null || this.#parts.bogusUuids.has(uuid) ? null : uuid;
  }
}

interface Asker {
  readonly mac: MacAddress;
  readonly uuid: SystemUuid | null;
  readonly client: BootClient;
  readonly xid: number;
  readonly exchange: Exchange;
  readonly mode: DhcpMode;
  readonly place: Place;
}

/** The queue knows it, so it need not wait among strangers. */
const KNOWN: Admission = { type: "admitted", insistent: true };

const TOO_OFTEN = "it sends far more than any client does; it is answered again when it sends less";
