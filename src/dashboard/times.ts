import { formatInstant, type Instant } from "../std/clock.ts";
import { type Html, html } from "./html.ts";

/**
 * `42 s`, `12 min 05 s`, `3 h 12 min`, `2 d 4 h`. Never negative: clocks of two machines may disagree by a second.
 * The browser goes on counting with the same words; a test compares the two.
 */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago `since` is. Right as of rendering; ticks in the browser. */
export function elapsed(since: Instant, now: Instant): Html {
  return html`<time datetime="${formatInstant(since)}" data-tick="elapsed">${formatDuration(now - since)}</time>`;
}

/** How long until `deadline`, or how long it is overdue. */
export function remaining(deadline: Instant, now: Instant): Html {
  return html`<time datetime="${formatInstant(deadline)}" data-tick="remaining">${formatRemaining(deadline - now)}</time>`;
}

/** `12 min 05 s left`, `overdue by 3 s`. */
export function formatRemaining(remainingMs: number): string {
  return remainingMs >= 0 ? `${formatDuration(remainingMs)} left` : `overdue by ${formatDuration(-remainingMs)}`;
}

/** How much of a limit is used up, as a bar. */
export function limitBar(since: Instant, deadline: Instant, now: Instant): Html {
  const max = Math.max(1, deadline - since);
  const value = Math.min(max, Math.max(0, now - since));
  return html`<progress data-tick="bar" data-since="${since}" max="${max}" value="${value}" aria-label="share of the time limit used"></progress>`;
}

/** A moment: in UTC as rendered, in the browser's own time zone where there is a script. The date stands where it is another day. */
export function moment(at: Instant, now: Instant): Html {
  const iso = formatInstant(at);
  const day = iso.slice(0, 10) === formatInstant(now).slice(0, 10) ? "" : `${iso.slice(0, 10)} `;
  return html`<time datetime="${iso}" data-tick="moment">${day}${iso.slice(11, 19)} UTC</time>`;
}

/** The same markup with what ticks left out, so that two renderings differ only when something happened. */
export function withoutTicks(markup: string): string {
  return markup
    .replaceAll(/(<time [^>]*data-tick="[^"]*">)[^<]*/g, "$1")
    .replaceAll(/(<progress [^>]*max="\d+") value="\d+"/g, "$1");
}
