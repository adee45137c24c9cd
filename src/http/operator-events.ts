import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { type Clock, later } from "../std/clock.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import type { FeedEvent, OperatorFeed } from "./operator-feed.ts";
import { fail } from "./operator-replies.ts";

/**
 * `/api/events`: server-sent events. The first tells the whole state, or what was missed since `Last-Event-ID`;
 * then each change follows, and a comment every 15 seconds that tells both sides that the other is still there.
 */
export function createEventsApp({ feed, clock }: Pick<OperatorDeps, "feed" | "clock">): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();
  app.get("/api/events", (c) => {
    if (feed.closed || feed.watchers >= WATCHERS_MAX) {
      c.header("Retry-After", "10");
      const error = feed.closed ? "the daemon is stopping" : `${WATCHERS_MAX} are watching already`;
      return fail(c, 503, { error, hint: "try again later" });
    }
    let seen = c.req.header("last-event-id") ?? "";
    const response = streamSSE(c, async (out) => {
      const news = listenTo(feed, clock);
      out.onAbort(news.end);
      try {
        await out.write("retry: 3000\n\n");
        while (!out.aborted && !feed.closed) {
          for (const event of feed.after(seen) ?? [feed.complete()]) {
            if (out.aborted || feed.closed) return;
            // Waits for the reader. What it misses meanwhile is still in the feed, or it is told the whole state.
            await out.writeSSE(wireOf(event));
            seen = event.id;
          }
          if ((await news.next(seen)) === "heartbeat") await out.write(": still here\n\n");
        }
      } finally {
        news.end();
      }
    });
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("X-Accel-Buffering", "no");
    return response;
  });
  return app;
}

const WATCHERS_MAX = 64;
const HEARTBEAT_MS = 15_000;

function wireOf({ id, event, data }: FeedEvent): { id: string; event: string; data: string } {
  return { id, event, data: JSON.stringify(data) };
}

/** One watcher's ear: `next` resolves when there is something after `seen`, when the time is up, or at `end`. */
function listenTo(feed: OperatorFeed, clock: Clock) {
  let wake: () => void = () => {};
  let ended = false;
  const unwatch = feed.watch(() => wake());
  return {
    next: (seen: string) =>
      new Promise<"news" | "heartbeat">((resolve) => {
        if (ended || feed.closed || feed.after(seen)?.length !== 0) return resolve("news");
        const cancel = clock.alarm(later(clock.now(), HEARTBEAT_MS), () => resolve("heartbeat"));
        wake = () => {
          cancel();
          resolve("news");
        };
      }),
    end: () => {
      ended = true;
      unwatch();
      wake();
    },
  };
}
