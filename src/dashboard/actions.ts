import { type Host, type HostStateType, mayBeInstalled } from "../queue/host.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { hostPath } from "./names.ts";
import type { Order } from "./orders.ts";

/** What an operator can do with one host. */
export type HostVerb = Exclude<Extract<Order, { readonly host: unknown }>["type"], "mode">;

export interface HostAction {
  readonly label: string;
  /** States in which it is offered. The queue has the last word. */
  readonly from: ReadonlySet<HostStateType>;
  /** true: what was on the machine's disk is lost, at once or when it next boots. */
  readonly wipes: boolean;
  /** What will happen, to somebody about to confirm it. */
  readonly consequence: string;
  /** What was done, on the page that follows. */
  readonly done: string;
}

export const HOST_ACTIONS: Record<HostVerb, HostAction> = {
  approve: {
    label: "Approve",
    from: new Set<HostStateType>(["discovered", "pxe_ready", "pxe_booted", "installing"]),
    wipes: true,
    consequence:
      "It is installed when it next boots from the network: a new machine in the next free slot, one that is held as it was seen. Whatever is on its disk then is lost.",
    done: "Approved. It is installed when it next boots from the network.",
  },
  rebuild: {
    label: "Rebuild",
    from: new Set(["registered", "installed", "first_boot", "ready", "failed"]),
    wipes: true,
    consequence:
      "This arms an install: the next time the machine boots from the network, its disk is wiped and the system is installed anew.",
    done: "An install is armed. Boot the machine from the network to start it.",
  },
  retry: {
    label: "Retry",
    from: new Set<HostStateType>(["failed"]),
    wipes: false,
    consequence: "Its join is tried again when nobody else joins. Nothing is installed.",
    done: "Its join is tried again when it is its turn.",
  },
  "mark-installed": {
    label: "Mark as installed",
    from: new Set([
      "discovered",
      "registered",
      "pxe_ready",
      "pxe_booted",
      "installing",
      "installed",
      "first_boot",
      "failed",
    ]),
    wipes: false,
    consequence:
      "It is taken to be installed as it is: its boot requests are ignored from now on, so that it starts from its own disk.",
    done: "Marked as installed. It boots from its own disk from now on.",
  },
  reset: {
    label: "Reset",
    from: new Set<HostStateType>([
      "discovered",
      "registered",
      "pxe_ready",
      "pxe_booted",
      "installing",
      "installed",
      "first_boot",
      "joining",
      "ready",
      "failed",
    ]),
    wipes: true,
    consequence:
      "Its slot becomes free for another machine, and this machine is forgotten: if it boots from the network again, it counts as new and may be installed again.",
    done: "Reset. Its slot is free again.",
  },
};

export const HOST_VERBS = Object.keys(HOST_ACTIONS) as readonly HostVerb[];

/** What can be done with the host as it is now. */
export function actionsOf(host: Host): readonly HostVerb[] {
  return HOST_VERBS.filter((verb) => {
    if (verb === "approve" && host.state.type !== "discovered" && host.hold === null) return false;
    if (verb === "approve" && host.state.type === "discovered" && host.state.approved) return false;
    // What else fails can only be installed again, or is tried again on the machine itself.
    if (verb === "retry" && host.state.type === "failed" && host.state.from !== "joining") return false;
    return HOST_ACTIONS[verb].from.has(host.state.type);
  });
}

/** true: there is or may be an installed system on it, so that its name must be typed before it can be lost. */
export function mayHoldSystem(host: Host): boolean {
  return host.state.type === "failed" || mayBeInstalled(host);
}

/** The buttons for a host; each leads to a page that asks again. Disabled for whoever is not signed in. */
export function hostButtons(host: Host, signedIn: boolean, place: string, verbs = actionsOf(host)): Html {
  const buttons = verbs.map((verb) => {
    const { label, wipes } = HOST_ACTIONS[verb];
    const text = verb === "rebuild" && host.state.type === "registered" ? "Install" : label;
    const weight = verb === "approve" ? "main" : wipes && mayHoldSystem(host) ? "grave" : "plain";
    return button(`${hostPath(host)}/${verb}`, text, `${place}-${verb}-${host.id}`, signedIn, weight);
  });
  return html`<div class="buttons">${buttons}</div>`;
}

/** A button that opens a confirmation page. `id` is kept across live updates, so that it keeps the focus. */
export function button(path: string, label: string, id: string, signedIn: boolean, weight: Weight = "plain"): Html {
  return html`<form method="get" action="${path}"><button id="${id}" class="${weight}" ${signedIn ? NOTHING : html`disabled`}>${label}</button></form>`;
}

/** How a button looks: `main` is what one came for, `grave` loses something. */
type Weight = "main" | "plain" | "grave";

/** Where to go to be allowed to; stands once beside buttons that are disabled. */
export function signInHint(next: string): Html {
  return html`<p class="hint"><a href="/login?next=${encodeURIComponent(next)}">Sign in</a> to act.</p>`;
}
