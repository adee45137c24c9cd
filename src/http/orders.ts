import { armingProblems } from "../boot/answer-preview.ts";
import { type InstallSite, joinsByItself } from "../boot/installation.ts";
import { parseMacAddress } from "../net/mac-address.ts";
import type { QueueEvent } from "../queue/event.ts";
import { type AttemptToken, type DhcpMode, type Host, hostIdOf } from "../queue/host.ts";
import { REFUSALS, type Refusal } from "../queue/refusal.ts";
import type { Slot } from "../queue/slot.ts";
import { findHost, findHostByMac, findSlot, hostOf, type QueueState } from "../queue/state.ts";
import type { Verdict } from "../queue/step.ts";
import { formatProblem } from "../std/problem.ts";
import { ok, type Result } from "../std/result.ts";
import { unreachable } from "../std/unreachable.ts";
import type { Tracer } from "../trace/footprint.ts";
import { describeHost, describeSlot, resolveHost, resolveSlot, type UnresolvedName } from "./operator-references.ts";
import { planRegistration } from "./plan-registration.ts";

/** What an operator may ask for. `host` and `slot` are names as people write them. */
export type Order =
  | { readonly type: "skip"; readonly slot: string; readonly reason?: string }
  | { readonly type: "unskip"; readonly slot: string }
  | {
      readonly type: "register";
      readonly mac: string;
      readonly uuid?: string | null | undefined;
      readonly serverType?: string | null | undefined;
      readonly slot?: string | null | undefined;
    }
  | { readonly type: "approve"; readonly host: string }
  /** `byHand`: its power is not switched, although it could be. */
  | { readonly type: "rebuild"; readonly host: string; readonly byHand?: boolean }
  | { readonly type: "retry"; readonly host: string }
  | { readonly type: "mark-installed"; readonly host: string }
  /** `forget`: its registration too, if it has one. */
  | { readonly type: "reset"; readonly host: string; readonly evenInstalled: boolean; readonly forget?: boolean }
  /** `host` may also be the hardware address of a machine that nobody knows yet. */
  | { readonly type: "mode"; readonly host: string; readonly mode: DhcpMode | "default" }
  | {
      readonly type: "rebuild-set";
      readonly hosts: readonly string[];
      readonly parallel: number;
      readonly keepGoing: boolean;
    }
  | { readonly type: "rebuild-set-stop" }
  | { readonly type: "rebuild-set-resume" }
  | { readonly type: "pause" }
  | { readonly type: "resume" };

export type OrderType = Order["type"];

/** What became of it, with words for people. */
export type OrderOutcome =
  | {
      readonly type: "done" | "unchanged";
      readonly message: string;
      /** As they are afterwards; null: none, or forgotten by the order. */
      readonly host: Host | null;
      readonly slot: Slot | null;
    }
  | {
      readonly type: "refused";
      readonly reason: Refusal | "unfit-settings";
      readonly message: string;
      readonly hint: string;
    }
  | { readonly type: "invalid"; readonly message: string; readonly hint: string }
  | UnresolvedName;

/** What orders need of the queue's engine. */
export interface OrderQueue {
  readonly state: QueueState;
  /** Resolves when the outcome is on disk. */
  dispatch(event: QueueEvent): Promise<Verdict>;
}

export interface OrderDeps {
  readonly queue: OrderQueue;
  readonly tracer: Tracer;
  /** A new secret for an install. */
  readonly newToken: () => AttemptToken;
  /** What is installed where. Absent: nobody looks whether an install can go through before it is armed. */
  readonly site?: () => InstallSite;
}

/** Turns an order into an event, lets the queue decide, and says what came of it. Rejects when the queue cannot save. */
export async function performOrder(deps: OrderDeps, order: Order): Promise<OrderOutcome> {
  const planned = planOrder(deps.queue.state, order, deps.newToken, deps.site?.() ?? null);
  if (!planned.ok) return planned.error;
  const { event, host, slot, subject } = planned.value;
  const unfit = deps.site === undefined ? null : whyUnfit(deps.queue.state, event, deps.site());
  if (unfit !== null) {
    const message = `refused to ${VERBS[order.type]} ${subject}: its installer would refuse the answer file`;
    deps.tracer.note({ mac: host?.bootMac ?? null, road: "operator", outcome: "dropped", what: message, why: unfit });
    return { type: "refused", reason: "unfit-settings", message, hint: unfit };
  }
  const verdict = byItself(deps, event, host)
    ? ({ type: "refused", reason: "first-boot-failed" } as const)
    : await deps.queue.dispatch(event);
  const mac = host?.bootMac ?? (event.type === "host-registered" || event.type === "host-mode-set" ? event.mac : null);
  if (verdict.type === "refused") {
    const why = whyRefused(deps.queue.state, verdict.reason, host);
    deps.tracer.note({ mac, road: "operator", outcome: "dropped", what: `${order.type} refused`, why });
    return {
      type: "refused",
      reason: verdict.reason,
      message: `refused to ${VERBS[order.type]} ${subject}`.trim(),
      hint: why,
    };
  }
  const state = deps.queue.state;
  const hostNow =
    event.type === "host-registered" || event.type === "host-mode-set"
      ? findHostByMac(state, event.mac)
      : host
        ? findHost(state, host.id)
        : undefined;
  const slotId = slot?.id ?? hostNow?.slot ?? null;
  const moved = verdict.type === "moved";
  // An order about a host may have given it a slot, and with it a name.
  const isAboutSlot = order.type === "skip" || order.type === "unskip";
  const name = hostNow && !isAboutSlot ? describeHost(state, hostNow) : subject;
  const { done, already, after } = WORDS[order.type];
  const how = order.type === "mode" && moved ? ` ${MODE_WORDS[order.mode]}` : "";
  const message = (moved ? done : already).replace("%", () => name) + how;
  if (moved) {
    const why = (order.type === "skip" && order.reason) || after;
    deps.tracer.note({ mac, road: "operator", outcome: "noted", what: message, why });
  }
  return {
    type: moved ? "done" : "unchanged",
    message: moved && after !== "" ? `${message}: ${after}` : message,
    host: hostNow ?? null,
    slot: slotId === null ? null : (findSlot(state, slotId) ?? null),
  };
}

/** With the state that it is about, where that is the reason. */
function whyRefused(state: QueueState, reason: Refusal, host: Host | null): string {
  if (reason !== "not-in-this-state" || host === null) return REFUSALS[reason];
  return `${describeHost(state, host)} is ${host.state.type}, and that cannot be done then; \`bootqueue show ${host.id}\` says what it waits for`;
}

/** The queue would keep the turn for a host whose agent has given up, and only somebody on that host starts it again. */
function byItself({ queue, site }: OrderDeps, event: QueueEvent, host: Host | null): boolean {
  const isFailed = event.type === "join-retried" && host?.state.type === "failed";
  return isFailed && site !== undefined && joinsByItself(queue.state, host, site());
}

/** What the installers of these hosts would refuse, found out before one is armed; null: nothing. */
function whyUnfit(state: QueueState, event: QueueEvent, site: InstallSite): string | null {
  const ids =
    event.type === "rebuild-ordered"
      ? [event.host]
      : event.type === "set-rebuild-ordered"
        ? event.members.map((member) => member.host)
        : [];
  const problems = ids.flatMap((id) => {
    const host = findHost(state, id);
    return host === undefined ? [] : armingProblems(state, host, site).map(formatProblem);
  });
  return problems.length === 0 ? null : [...new Set(problems)].join("; ");
}

/** The same as a sentence, for a page. */
export function outcomeWords(outcome: OrderOutcome): { readonly ok: boolean; readonly message: string } {
  if (!("hint" in outcome)) return { ok: true, message: outcome.message };
  return { ok: false, message: outcome.hint === "" ? outcome.message : `${outcome.message}: ${outcome.hint}` };
}

/** What the queue is to decide, and about whom. */
export interface Plan {
  readonly event: QueueEvent;
  readonly host: Host | null;
  readonly slot: Slot | null;
  /** Whom it is about, in words. */
  readonly subject: string;
}

/** Why there is nothing to decide. */
export type PlanError = Exclude<OrderOutcome, { readonly type: "done" | "unchanged" | "refused" }>;

function planOrder(
  state: QueueState,
  order: Order,
  newToken: () => AttemptToken,
  site: InstallSite | null,
): Result<Plan, PlanError> {
  switch (order.type) {
    case "skip":
      return aboutSlot(state, order.slot, (slot) => ({
        type: "slot-skipped",
        slot: slot.id,
        reason: order.reason ?? "",
      }));
    case "unskip":
      return aboutSlot(state, order.slot, (slot) => ({ type: "slot-unskipped", slot: slot.id }));
    case "register":
      return planRegistration(state, order, site);
    case "approve":
      return aboutHost(state, order.host, (host) => ({ type: "host-approved", host: host.id }));
    case "rebuild":
      return aboutHost(state, order.host, (host) => ({
        type: "rebuild-ordered",
        host: host.id,
        token: newToken(),
        byHand: order.byHand ?? false,
      }));
    case "retry":
      return aboutHost(state, order.host, (host) => ({ type: "join-retried", host: host.id }));
    case "mark-installed":
      return aboutHost(state, order.host, (host) => ({ type: "host-marked-installed", host: host.id }));
    case "reset": {
      const { evenInstalled, forget = false } = order;
      return aboutHost(state, order.host, (host) => ({ type: "host-reset", host: host.id, evenInstalled, forget }));
    }
    case "mode":
      return planMode(state, order);
    case "rebuild-set":
      return planRebuildSet(state, order, newToken);
    case "rebuild-set-stop":
      return ok({ event: { type: "set-rebuild-stopped" }, host: null, slot: null, subject: "" });
    case "rebuild-set-resume":
      return ok({ event: { type: "set-rebuild-resumed" }, host: null, slot: null, subject: "" });
    case "pause":
      return ok({ event: { type: "queue-paused" }, host: null, slot: null, subject: "" });
    case "resume":
      return ok({ event: { type: "queue-resumed" }, host: null, slot: null, subject: "" });
    default:
      return unreachable(order);
  }
}

function aboutSlot(state: QueueState, text: string, event: (slot: Slot) => QueueEvent): Result<Plan, PlanError> {
  const slot = resolveSlot(state, text);
  if (!slot.ok) return slot;
  const subject = `slot ${describeSlot(state, slot.value)}`;
  return ok({ event: event(slot.value), host: hostOf(state, slot.value) ?? null, slot: slot.value, subject });
}

function aboutHost(state: QueueState, text: string, event: (host: Host) => QueueEvent): Result<Plan, PlanError> {
  const host = resolveHost(state, text);
  if (!host.ok) return host;
  return ok({
    event: event(host.value),
    host: host.value,
    slot: host.value.slot === null ? null : (findSlot(state, host.value.slot) ?? null),
    subject: describeHost(state, host.value),
  });
}

function planMode(state: QueueState, order: Extract<Order, { type: "mode" }>): Result<Plan, PlanError> {
  const mode = order.mode === "default" ? null : order.mode;
  const stranger = parseMacAddress(order.host);
  if (stranger.ok && findHostByMac(state, stranger.value) === undefined) {
    const event = { type: "host-mode-set", mac: stranger.value, mode } as const;
    return ok({ event, host: null, slot: null, subject: hostIdOf(stranger.value) });
  }
  return aboutHost(state, order.host, (host) => ({ type: "host-mode-set", mac: host.bootMac, mode }));
}

function planRebuildSet(
  state: QueueState,
  order: Extract<Order, { type: "rebuild-set" }>,
  newToken: () => AttemptToken,
): Result<Plan, PlanError> {
  const members = new Map<string, Host>();
  for (const name of order.hosts) {
    const host = resolveHost(state, name);
    if (!host.ok) return host;
    members.set(host.value.id, host.value);
  }
  const { parallel, keepGoing } = order;
  return ok({
    event: {
      type: "set-rebuild-ordered",
      members: [...members.values()].map((host) => ({ host: host.id, token: newToken() })),
      parallel,
      keepGoing,
    },
    host: null,
    slot: null,
    subject: members.size === 1 ? "1 host" : `${members.size} hosts`,
  });
}

const MODE_WORDS: Record<DhcpMode | "default", string> = {
  full: "with address and boot file (full)",
  proxy: "with the boot file alone (proxy)",
  ignore: "not at all (ignore)",
  default: "as the configuration says (default)",
};

const VERBS: Record<OrderType, string> = {
  skip: "skip",
  unskip: "unskip",
  register: "register",
  approve: "approve",
  rebuild: "rebuild",
  retry: "try again the join of",
  "mark-installed": "mark as installed",
  reset: "reset",
  mode: "change how DHCP serves",
  "rebuild-set": "rebuild",
  "rebuild-set-stop": "stop the rebuild of several hosts",
  "rebuild-set-resume": "go on with the rebuild of several hosts",
  pause: "pause the queue",
  resume: "resume the queue",
};

/** `%` stands for the host or slot; `after` says what follows, where that is not plain. */
const WORDS: Record<OrderType, { readonly done: string; readonly after: string; readonly already: string }> = {
  skip: { done: "skipped %", after: "nobody is given it until it is unskipped", already: "% is skipped already" },
  unskip: { done: "unskipped %", after: "", already: "% is not skipped" },
  register: {
    done: "registered %",
    after: "`bootqueue rebuild` arms its install",
    already: "% is registered like that already",
  },
  approve: {
    done: "approved %",
    after: "it is served when it asks again, a new one with the next slot",
    already: "% is approved already",
  },
  rebuild: {
    done: "armed an install of %",
    after: "its disks are wiped when it next boots from the network",
    already: "an install of % is armed already",
  },
  retry: {
    done: "will try again the join of %",
    after: "when nobody else joins",
    already: "% is on its way into its cluster already",
  },
  "mark-installed": {
    done: "marked % as installed",
    after: "it gets no installer until it is rebuilt",
    already: "% is installed already",
  },
  reset: {
    done: "reset %",
    after: "it is given no installer and has no slot any more",
    already: "% has nothing to reset",
  },
  mode: {
    done: "DHCP serves %",
    after: "from its next request on",
    already: "% is served like that already",
  },
  "rebuild-set": {
    done: "armed a rebuild of %",
    after: "their disks are wiped, in turns, when they next boot from the network",
    already: "a rebuild of % is armed already",
  },
  "rebuild-set-stop": {
    done: "stopped the rebuild",
    after: "no further host is armed; those that are go on",
    already: "the rebuild is stopped already",
  },
  "rebuild-set-resume": {
    done: "resumed the rebuild",
    after: "the next host has its turn",
    already: "the rebuild is not stopped",
  },
  pause: { done: "paused the queue", after: "new hosts take no slots", already: "the queue is paused already" },
  resume: { done: "resumed the queue", after: "new hosts take slots again", already: "the queue is not paused" },
};
