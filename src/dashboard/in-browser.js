// Follows the daemon's event stream and puts new fragments in the place of old ones. Without it everything still works;
// the page is then as old as its last loading.

const body = document.body;
const connection = document.getElementById("connection");

/** How far the daemon's clock is ahead of this one, in milliseconds. */
let ahead = Number(body.dataset.now) - Date.now();
let stream = null;
/** When the stream last said anything, by this machine's clock. */
let lastHeard = Date.now();
let openedAt = Date.now();
let failures = 0;
let reopening = 0;
let hiding = 0;
/** true: something was held back because its form is in use. */
let heldBack = false;

function open() {
  clearTimeout(reopening);
  stream?.close();
  openedAt = Date.now();
  stream = new EventSource(body.dataset.live);
  stream.addEventListener("hello", (event) => {
    heard(event);
    failures = 0;
    show("live", "live");
    // The daemon was replaced by another release: this script and its pages may not fit together.
    if (JSON.parse(event.data).build !== body.dataset.build) location.reload();
  });
  stream.addEventListener("parts", (event) => {
    const { now, fragments } = heard(event);
    ahead = now - Date.now();
    for (const fragment of fragments) replace(fragment);
    tickAll(document);
  });
  stream.addEventListener("beat", (event) => {
    ahead = heard(event).now - Date.now();
  });
  stream.addEventListener("gone", () => {
    close();
    location.reload();
  });
  stream.addEventListener("error", lost);
}

function close() {
  clearTimeout(reopening);
  stream?.close();
  stream = null;
}

function heard(event) {
  lastHeard = Date.now();
  return JSON.parse(event.data);
}

/** The browser tries again by itself only after some failures, so after the others we do. */
function lost() {
  show("lost", `connection lost, last update ${clockTime(new Date(lastHeard))}`);
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  failures += 1;
  clearTimeout(reopening);
  reopening = setTimeout(open, Math.min(10_000, 500 * 2 ** failures));
}

function show(state, text) {
  connection.dataset.state = state;
  if (connection.textContent !== text) connection.textContent = text;
}

/** Puts a fragment in its place; what has the focus or stands open stays so. */
function replace({ id, html }) {
  const current = document.getElementById(id);
  const template = document.createElement("template");
  template.innerHTML = html;
  const incoming = template.content.firstElementChild;
  if (!current || !incoming) return;
  if (isInUse(current)) {
    heldBack = true;
    return;
  }
  for (const details of current.querySelectorAll("details[open][id]")) {
    incoming.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute("open", "");
  }
  tickAll(incoming);
  if (incoming.isEqualNode(current)) return;
  const focused = current.contains(document.activeElement) ? document.activeElement.id : null;
  const scrolled = [...current.querySelectorAll("[data-scrolls]")].map(({ scrollLeft, scrollTop }) => ({
    scrollLeft,
    scrollTop,
  }));
  current.replaceWith(incoming);
  for (const [index, element] of [...incoming.querySelectorAll("[data-scrolls]")].entries())
    Object.assign(element, scrolled[index]);
  if (focused === null) return;
  const successor = document.getElementById(focused);
  (successor && !successor.disabled ? successor : document.getElementById("main")).focus({ preventScroll: true });
}

/** true: somebody types in a form of it, or has typed something. */
function isInUse(element) {
  const fields = element.querySelectorAll("input:not([type=hidden]), textarea, select");
  return [...fields].some((field) => field === document.activeElement || isChanged(field));
}

function isChanged(field) {
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}

/** Asks for everything anew once the form that held something back is left. */
function catchUp() {
  setTimeout(() => {
    if (!heldBack || [...document.forms].some(isInUse)) return;
    heldBack = false;
    if (stream) open();
  });
}

function tickAll(root) {
  const now = Date.now() + ahead;
  for (const element of root.querySelectorAll("[data-tick]")) tick(element, now);
}

function tick(element, now) {
  const kind = element.dataset.tick;
  if (kind === "bar") {
    const value = Math.min(element.max, Math.max(0, now - Number(element.dataset.since)));
    element.setAttribute("value", String(value));
    return;
  }
  const at = Date.parse(element.dateTime);
  const text =
    kind === "elapsed" ? duration(now - at) : kind === "remaining" ? remaining(at - now) : localMoment(at, now);
  if (element.textContent !== text) element.textContent = text;
}

function remaining(ms) {
  return ms >= 0 ? `${duration(ms)} left` : `overdue by ${duration(-ms)}`;
}

/** In the same words as `formatDuration` in times.ts. */
function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function localMoment(at, now) {
  const date = new Date(at);
  return date.toDateString() === new Date(now).toDateString() ? clockTime(date) : `${isoDay(date)} ${clockTime(date)}`;
}

function isoDay(date) {
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}

function clockTime(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

setInterval(() => {
  tickAll(document);
  // Three beats missed: the line is dead, though nobody has told us.
  if (stream && Date.now() - Math.max(lastHeard, openedAt) > SILENCE_MAX_MS) {
    lost();
    open();
  }
}, 1000);

const SILENCE_MAX_MS = 45_000;

document.addEventListener("focusout", catchUp);
document.addEventListener("reset", catchUp);

// A browser keeps only six connections to one host: a page that nobody sees gives its own back.
addEventListener("pagehide", close);
addEventListener("pageshow", () => stream ?? open());
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(close, 30_000);
  else if (!stream) open();
});

// A reload must not say once more what was done.
if (new URLSearchParams(location.search).has("done")) history.replaceState(null, "", location.pathname);

tickAll(document);
if (!stream) open();
