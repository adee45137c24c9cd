import type { HostStateType } from "../queue/host.ts";
import type { SlotStateType } from "../queue/slot.ts";
import { type Html, html } from "./html.ts";

/** How a state is shown: a word, a shape and a colour, so that no one of them is needed to tell it from the others. */
export interface StateLook {
  readonly word: string;
  /** What it means for the machine, in a few words. */
  readonly meaning: string;
  /** Names the colour: see `[data-tone]` in the style sheet. */
  readonly tone: "idle" | "waiting" | "working" | "done" | "failed";
  /** In a box of 16 by 16. */
  readonly shape: Html;
}

export const HOST_LOOKS: Record<HostStateType, StateLook> = {
  discovered: {
    word: "discovered",
    meaning: "asked to boot and was not answered",
    tone: "waiting",
    shape: html`<circle cx="8" cy="8" r="5.5" class="line" stroke-dasharray="3.4 2.4"/>`,
  },
  registered: {
    word: "registered",
    meaning: "known, nothing armed",
    tone: "idle",
    shape: html`<rect x="3" y="3" width="10" height="10" rx="1.5" class="line"/>`,
  },
  pxe_ready: {
    word: "PXE ready",
    meaning: "has its slot; waits for it to boot",
    tone: "working",
    shape: html`<path d="M5 3.2 12.4 8 5 12.8Z" class="line"/>`,
  },
  pxe_booted: {
    word: "PXE booted",
    meaning: "fetched its boot script",
    tone: "working",
    shape: html`<path d="M4.5 2.5 13 8l-8.5 5.5Z" class="fill"/>`,
  },
  installing: {
    word: "installing",
    meaning: "fetched its answer file; its disk is being written",
    tone: "working",
    shape: html`<circle cx="8" cy="8" r="5.5" class="line turning" stroke-dasharray="24 11"/>`,
  },
  installed: {
    word: "installed",
    meaning: "reported its installation; boots from its own disk",
    tone: "done",
    shape: html`<rect x="2.5" y="2.5" width="11" height="11" rx="1.5" class="fill"/>`,
  },
  first_boot: {
    word: "first boot",
    meaning: "the new system called home",
    tone: "working",
    shape: html`<circle cx="8" cy="8" r="5.5" class="line"/><path d="M8 2.5a5.5 5.5 0 0 1 0 11Z" class="fill"/>`,
  },
  joining: {
    word: "joining",
    meaning: "is joining its cluster",
    tone: "working",
    shape: html`<circle cx="5.8" cy="8" r="3.8" class="line"/><circle cx="10.2" cy="8" r="3.8" class="line"/>`,
  },
  ready: {
    word: "ready",
    meaning: "done",
    tone: "done",
    shape: html`<circle cx="8" cy="8" r="6.5" class="fill"/><path d="m5 8.2 2.1 2.1L11 6.2" class="cut"/>`,
  },
  failed: {
    word: "failed",
    meaning: "stopped; the operator decides",
    tone: "failed",
    shape: html`<path d="M8 1.2 14.8 8 8 14.8 1.2 8Z" class="fill"/><path d="M8 4.8v3.8M8 10.9v.4" class="cut"/>`,
  },
};

export const SLOT_LOOKS: Record<SlotStateType, StateLook> = {
  available: {
    word: "available",
    meaning: "for the next machine",
    tone: "idle",
    shape: html`<circle cx="8" cy="8" r="5.5" class="line"/>`,
  },
  reserved: {
    word: "reserved",
    meaning: "waits for the machine it is reserved for",
    tone: "idle",
    shape: html`<circle cx="8" cy="8" r="5.5" class="line"/><circle cx="8" cy="8" r="2" class="fill"/>`,
  },
  held: {
    word: "held",
    meaning: "offered, not yet requested",
    tone: "waiting",
    shape: html`<path d="M4 3h8L4 13h8Z" class="line"/>`,
  },
  assigned: {
    word: "assigned",
    meaning: "has a machine",
    tone: "idle",
    shape: html`<circle cx="8" cy="8" r="6" class="fill"/>`,
  },
  skipped: {
    word: "skipped",
    meaning: "given to nobody until unskipped",
    tone: "waiting",
    shape: html`<path d="M3 8h10" class="line"/>`,
  },
};

export function hostMark(state: HostStateType): Html {
  return mark(HOST_LOOKS[state]);
}

export function slotMark(state: SlotStateType): Html {
  return mark(SLOT_LOOKS[state]);
}

function mark(look: StateLook): Html {
  return html`<span class="mark" data-tone="${look.tone}" title="${look.meaning}">${shapeOf(look)}<span>${look.word}</span></span>`;
}

/** The shape alone, for where the word stands beside it anyway. */
export function shapeOf(look: StateLook): Html {
  return html`<svg class="shape" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">${look.shape}</svg>`;
}
