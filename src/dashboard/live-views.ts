import { type Clock, type Instant, later } from "../std/clock.ts";
import { everyFragment, type Fragment, fragmentsBetween } from "./changes.ts";
import { LiveStream } from "./live-stream.ts";
import type { Part } from "./page.ts";

/** What a page consists of now; null: it is no more. */
export type RenderParts = () => readonly Part[] | null;

/**
 * Every page that somebody looks at. A change wakes them all; each is rendered once, however many look at it, and only
 * what differs from what was sent before goes out.
 */
export class LiveViews {
  readonly #clock: Clock;
  readonly #build: string;
  /** Ids of another daemon, or of this one before a restart, are never taken for ours. */
  readonly #epoch: string;
  readonly #views = new Map<string, View>();
  #streams = 0;
  #cancelUpdate: (() => void) | null = null;
  #cancelBeat: (() => void) | null = null;
  #nextUpdate = 0 as Instant;

  /** `build`: which style sheet and script go with what is sent. */
  constructor(clock: Clock, build: string) {
    this.#clock = clock;
    this.#build = build;
    this.#epoch = clock.now().toString(36);
  }

  /** How many browsers look. */
  get streams(): number {
    return this.#streams;
  }

  /**
   * A stream of what changes in the view called `key`. It begins with everything, unless the browser has seen the event
   * `lastId` and nothing came after it. null: too many look already.
   */
  open(key: string, render: RenderParts, lastId: string | null): ReadableStream<Uint8Array> | null {
    if (this.#streams >= STREAMS_MAX) return null;
    const view = this.#views.get(key) ?? { render, parts: render() ?? [], version: 0, streams: new Set() };
    const stream = new LiveStream(() => this.#left(key, view, stream));
    this.#views.set(key, view);
    view.streams.add(stream);
    this.#streams += 1;
    stream.announceRetry(RETRY_MS);
    stream.send("hello", { build: this.#build }, this.#id(view));
    if (lastId !== this.#id(view)) this.#send(view, [stream], everyFragment(view.parts));
    this.#cancelBeat ??= this.#beatLater();
    return stream.body;
  }

  /** Something changed: soon, and together with what else changes until then, it is sent. */
  changed(): void {
    if (this.#streams === 0) return;
    const soon = Math.max(later(this.#clock.now(), DEBOUNCE_MS), this.#nextUpdate) as Instant;
    this.#cancelUpdate ??= this.#clock.alarm(soon, () => {
      this.#cancelUpdate = null;
      this.#nextUpdate = later(this.#clock.now(), UPDATE_EVERY_MS);
      for (const view of [...this.#views.values()]) this.#update(view);
    });
  }

  /** Ends every stream: an HTTP server does not close while one is open. */
  close(): void {
    for (const view of [...this.#views.values()]) for (const stream of [...view.streams]) stream.close();
  }

  #update(view: View): void {
    const parts = rendered(view);
    if (parts === null) {
      for (const stream of [...view.streams]) {
        stream.send("gone", {}, this.#id(view));
        stream.close();
      }
      return;
    }
    const fragments = fragmentsBetween(view.parts, parts);
    view.parts = parts;
    if (fragments.length === 0) return;
    view.version += 1;
    this.#send(view, view.streams, fragments);
  }

  #send(view: View, streams: Iterable<LiveStream>, fragments: readonly Fragment[]): void {
    const data = { now: this.#clock.now(), fragments };
    for (const stream of [...streams]) stream.send("parts", data, this.#id(view));
  }

  #id(view: View): string {
    return `${this.#epoch}-${view.version}`;
  }

  #left(key: string, view: View, stream: LiveStream): void {
    view.streams.delete(stream);
    this.#streams -= 1;
    if (view.streams.size === 0) this.#views.delete(key);
    if (this.#streams > 0) return;
    this.#cancelBeat?.();
    this.#cancelUpdate?.();
    this.#cancelBeat = null;
    this.#cancelUpdate = null;
  }

  /** The browser knows by the beat that silence means that nothing happened; and we find out who has left. */
  #beatLater(): () => void {
    return this.#clock.alarm(later(this.#clock.now(), BEAT_MS), () => {
      this.#cancelBeat = null;
      for (const view of [...this.#views.values()]) {
        // Warnings and the words of a story change without anything being published.
        this.#update(view);
        for (const stream of [...view.streams]) stream.send("beat", { now: this.#clock.now() }, this.#id(view));
      }
      if (this.#streams > 0) this.#cancelBeat = this.#beatLater();
    });
  }
}

/** A page that cannot be made counts as gone: the browser asks again, and is then told what went wrong. */
function rendered(view: View): readonly Part[] | null {
  try {
    return view.render();
  } catch {
    // This runs by the clock, where nobody stands above who could catch it: it would end the daemon.
    return null;
  }
}

interface View {
  readonly render: RenderParts;
  parts: readonly Part[];
  /** Counts what was sent. A new view of the same page starts again, with everything. */
  version: number;
  readonly streams: Set<LiveStream>;
}

const DEBOUNCE_MS = 100;
// Rendering 500 hosts takes some 25 ms, during which no packet is answered: a storm must not have us do nothing else.
const UPDATE_EVERY_MS = 500;
const BEAT_MS = 15_000;
const RETRY_MS = 2000;
const STREAMS_MAX = 100;
