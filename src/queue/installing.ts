import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import { type Instant, later } from "../std/clock.ts";
import { unreachable } from "../std/unreachable.ts";
import type { Effect } from "./effect.ts";
import { founderToWaitFor } from "./founding.ts";
import { heldForApproval } from "./holding.ts";
import { ARMED, type AttemptToken, BEYOND_INSTALLING, type Host, type HostId, mayBeInstalled } from "./host.ts";
import { type Identity, identityAfter, isSameMachine } from "./identity.ts";
import { type Inventory, inventoryAfterInstall, inventoryFilledIn } from "./inventory.ts";
import { operationsWith, type StepReport } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import type { ProfileFlow, QueueRules } from "./rules.ts";
import { findHost, findHostByMac, findHostByUuid, type QueueState, slotOf } from "./state.ts";
import { entered, failed, moved, refused, type Step, unchanged, withHost, withoutHost } from "./step.ts";
import { withMac, withSlotGivenBack } from "./taking.ts";

/** The host fetched its boot script. A second time during an install means that the install did not end well. */
export function scriptFetched(state: QueueState, event: { host: HostId }, now: Instant, rules: QueueRules): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.hold !== null) return refused(state, "held-for-approval");
  switch (host.state.type) {
    case "pxe_booted":
      return unchanged(state);
    case "installing":
      if (isLooping(host, rules)) return looped(state, host, now);
      break;
    case "pxe_ready":
      break;
    default:
      return refused(state, whyNoInstaller(host));
  }
  const deadline = later(now, rules.limitMs.pxe_booted);
  return moved(withHost(state, entered(host, { type: "pxe_booted", since: now, deadline })));
}

/** The installer asks for its answer, and will wipe the disk when it gets it: nobody else than this machine may. */
export function answerFetched(
  state: QueueState,
  event: {
    host: HostId;
    macs: readonly MacAddress[];
    uuid: SystemUuid | null;
    serverType?: string | null;
  } & Partial<Identity>,
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (!ARMED.has(host.state.type)) return refused(state, whyNoInstaller(host));
  if (!event.macs.some((mac) => host.macs.includes(mac))) return refused(state, "identity-conflict");
  const merged = withMacs(state, host, event.macs);
  if (merged === null) return refused(state, "identity-conflict");
  const { uuid, serial = null, boardSerial = null, nics = null } = event;
  const owner = uuid === null ? undefined : findHostByUuid(merged.state, uuid);
  if (owner !== undefined && owner.id !== host.id) return refused(state, "identity-conflict");
  const wanted = slotOf(state, host)?.boardSerial ?? null;
  if (wanted !== null && wanted !== serial && wanted !== boardSerial) return refused(state, "wrong-board");
  const seen = { uuid, serial, boardSerial, nics: nics === null ? null : [...nics].sort() };
  if (!isSameMachine(host, seen)) return heldForApproval(state, host, seen, now, rules);
  const identity = identityAfter(host, seen);
  const known = { ...merged.host, uuid: host.uuid ?? uuid, identity, hold: null };
  // The installer repeats its request: the same answer, and the clock goes on.
  if (host.state.type === "installing") {
    const isSame = JSON.stringify(identity) === JSON.stringify(host.identity) && host.hold === null;
    const news = known.macs.length > host.macs.length || known.uuid !== host.uuid || !isSame;
    return news ? moved(withHost(merged.state, known)) : unchanged(state);
  }
  if (isLooping(host, rules) || host.attempt === null) return looped(state, host, now);
  // What the operator said of a machine that he entered himself stays his.
  const serverType = host.byOperator ? host.serverType : (event.serverType ?? host.serverType);
  const counted = { ...known, serverType, attempt: { ...host.attempt, answers: host.attempt.answers + 1 } };
  const deadline = later(now, rules.limitMs.installing);
  return moved(withHost(merged.state, entered(counted, { type: "installing", since: now, deadline })));
}

/** The post-installation webhook. */
export function installReported(
  state: QueueState,
  event: { host: HostId; token: AttemptToken; inventory: Inventory },
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.attempt?.token !== event.token) return refused(state, "wrong-token");
  if (BEYOND_INSTALLING.has(host.state.type)) {
    // A repeat, or the report that came after the phone-home: what it says of the machine is still worth keeping.
    const inventory = inventoryFilledIn(host.inventory, event.inventory);
    return inventory === host.inventory ? unchanged(state) : moved(withHost(state, { ...host, inventory }));
  }
  if (!canFinish(host)) return refused(state, "not-in-this-state");
  const macs = event.inventory.nics.map((nic) => nic.mac);
  const merged = withMacs(state, host, macs) ?? { state, host };
  const inventory = inventoryAfterInstall(merged.host.inventory, event.inventory);
  const installed = asInstalled({ ...merged.host, inventory }, now, rules, flowOf(state, host, rules));
  return advanced(withHost(merged.state, installed), installed, now, rules);
}

export function installFailed(
  state: QueueState,
  event: { host: HostId; token: AttemptToken; reason: string },
  now: Instant,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.attempt?.token !== event.token) return refused(state, "wrong-token");
  if (host.state.type === "failed") return unchanged(state);
  if (!ARMED.has(host.state.type)) return refused(state, "not-in-this-state");
  return moved(withHost(state, failed(host, event.reason, now)));
}

/** The first-boot script is running on the installed system: proof enough of the install, should its webhook be lost. */
export function phonedHome(
  state: QueueState,
  event: { host: HostId; token: AttemptToken },
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.attempt?.token !== event.token) return refused(state, "wrong-token");
  if (host.state.type !== "installed" && BEYOND_INSTALLING.has(host.state.type)) return unchanged(state);
  const flow = flowOf(state, host, rules);
  let installed = host;
  if (host.state.type !== "installed") {
    if (!canFinish(host)) return refused(state, "not-in-this-state");
    installed = asInstalled(host, now, rules, flow, "its webhook never came, but the installed system phoned home");
  }
  if (!flow.firstBoot) return advanced(withHost(state, installed), installed, now, rules);
  const deadline = later(now, rules.limitMs.first_boot);
  return moved(withHost(state, entered(installed, { type: "first_boot", since: now, deadline })));
}

export function firstBootFinished(
  state: QueueState,
  event: { host: HostId; token: AttemptToken },
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.attempt?.token !== event.token) return refused(state, "wrong-token");
  if (host.state.type === "joining" || host.state.type === "ready") return unchanged(state);
  if (host.state.type !== "first_boot") return refused(state, "not-in-this-state");
  if (host.state.deadline === null) return unchanged(state);
  return afterFirstBoot(state, host, now, rules);
}

export function firstBootFailed(
  state: QueueState,
  event: { host: HostId; token: AttemptToken; reason: string },
  now: Instant,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.attempt?.token !== event.token) return refused(state, "wrong-token");
  if (host.state.type === "failed") return unchanged(state);
  if (host.state.type !== "installed" && host.state.type !== "first_boot") return refused(state, "not-in-this-state");
  return moved(withHost(state, failed(host, event.reason, now)));
}

/** What somebody tells of the running operation; it moves nothing. */
export function stepReported(
  state: QueueState,
  event: { host: HostId; token?: AttemptToken } & StepReport,
  now: Instant,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (event.token !== undefined && host.attempt?.token !== event.token) return refused(state, "wrong-token");
  const operations = operationsWith(host.operations, event, now);
  if (operations === null) return refused(state, "not-in-this-state");
  return operations === host.operations ? unchanged(state) : moved(withHost(state, { ...host, operations }));
}

/** `reason` null: the host is a member now. Either way it is the next one's turn. */
export function joinEnded(
  state: QueueState,
  event: { host: HostId; reason: string | null },
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.state.type !== "joining") return refused(state, "not-in-this-state");
  const ended = event.reason === null ? entered(host, { type: "ready", since: now }) : failed(host, event.reason, now);
  return withNextJoin(withHost(state, ended), now, rules);
}

/** Starts the join of the host that has waited longest, if nobody is joining. At most one host joins at a time. */
export function withNextJoin(state: QueueState, now: Instant, rules: QueueRules): Step {
  if (state.hosts.some((host) => host.state.type === "joining")) return moved(state);
  const waiting = state.hosts.filter((host) => isWaitingToJoin(host) && flowOf(state, host, rules).cluster !== null);
  // One that could only begin a second cluster of the same name waits for the host that was to begin the first.
  const mayJoin = waiting.filter((host) => founderToWaitFor(state, host, rules) === null);
  const [first] = mayJoin.toSorted((a, b) => a.state.since - b.state.since);
  if (first === undefined) return moved(state);
  const cluster = flowOf(state, first, rules).cluster ?? "";
  const joining = entered(first, { type: "joining", since: now, deadline: later(now, rules.limitMs.joining) });
  const effect: Effect = { type: "start-join", host: first.id, cluster };
  return moved(withHost(state, joining), [effect]);
}

export function flowOf(state: QueueState, host: Host, rules: QueueRules): ProfileFlow {
  const slot = slotOf(state, host);
  const own = slot && rules.flowOf?.(host, slot);
  return own ?? (slot && rules.flows.get(slot.profile)) ?? { firstBoot: false, cluster: null };
}

/** From `installed` onwards, as far as it goes without waiting for anybody. */
function advanced(state: QueueState, host: Host, now: Instant, rules: QueueRules): Step {
  return flowOf(state, host, rules).firstBoot ? moved(state) : afterFirstBoot(state, host, now, rules);
}

function afterFirstBoot(state: QueueState, host: Host, now: Instant, rules: QueueRules): Step {
  if (flowOf(state, host, rules).cluster === null) {
    return moved(withHost(state, entered(host, { type: "ready", since: now })));
  }
  const { type } = host.state;
  if (type !== "installed" && type !== "first_boot") return unreachable(type as never);
  return withNextJoin(withHost(state, { ...host, state: { type, since: now, deadline: null } }), now, rules);
}

export function asInstalled(host: Host, now: Instant, rules: QueueRules, flow: ProfileFlow, reason = ""): Host {
  const deadline = flow.firstBoot ? later(now, rules.limitMs.installed) : null;
  return entered(host, { type: "installed", since: now, deadline }, reason);
}

/** An install of this attempt can have run to its end: an answer was served, whatever we thought of it since. */
function canFinish(host: Host): boolean {
  const { type } = host.state;
  return type === "installing" || (type === "failed" && (host.attempt?.answers ?? 0) > 0);
}

export function isWaitingToJoin(host: Host): boolean {
  return (host.state.type === "installed" || host.state.type === "first_boot") && host.state.deadline === null;
}

function isLooping(host: Host, rules: QueueRules): boolean {
  return (host.attempt?.answers ?? 0) >= rules.attemptsMax;
}

function looped(state: QueueState, host: Host, now: Instant): Step {
  const times = host.attempt?.answers ?? 0;
  const reason = `asked for the installer again after ${times} answer files and no report`;
  const stopped = withHost(state, failed(host, reason, now));
  return { ...moved(stopped), verdict: { type: "refused", reason: "too-many-attempts" } };
}

function whyNoInstaller(host: Host): Refusal {
  if (BEYOND_INSTALLING.has(host.state.type)) return "already-installed";
  return host.state.type === "failed" ? "failed-before" : "not-armed";
}

/**
 * The host with further addresses. Another entry that merely waited under one of them was the same machine
 * through another NIC: it goes, and its slot is free again. null: one of them belongs to a machine that must not be touched.
 */
function withMacs(
  state: QueueState,
  host: Host,
  macs: readonly MacAddress[],
): { state: QueueState; host: Host } | null {
  let next = state;
  let known = host;
  for (const mac of macs) {
    const owner = findHostByMac(next, mac);
    if (owner !== undefined && owner.id !== host.id) {
      const { type } = owner.state;
      if (type !== "discovered" && type !== "pxe_ready" && type !== "pxe_booted") return null;
      if (owner.byOperator || mayBeInstalled(owner)) return null;
      const released = withSlotGivenBack(next, owner);
      next = withoutHost(released.state, owner);
      known = { ...known, dhcp: known.dhcp ?? owner.dhcp };
    }
    known = { ...known, macs: withMac(known.macs, mac) };
  }
  return { state: next, host: known };
}
