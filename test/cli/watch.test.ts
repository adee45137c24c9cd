import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { cliBench, type User } from "../support/cli-bench.ts";
import { hostId, mac, registered, requested, seen } from "../support/queue-builder.ts";

/** A watcher who presses Ctrl-C when he has seen `until`. */
async function watching(t: TestContext, argv: readonly string[], user: User = {}) {
  const bench = await cliBench(t);
  await bench.happen(seen(1), requested(1));
  let out = "";
  let interrupt = () => {};
  const waiting: { readonly words: string; readonly seen: () => void }[] = [];
  const ran = bench.run(["watch", ...argv], user, {
    out: (text) => {
      out += text;
      for (const one of waiting) if (out.includes(one.words)) one.seen();
    },
    onInterrupt: (listener) => {
      interrupt = listener;
      return () => {};
    },
  });
  return {
    bench,
    sees: (words: string) =>
      new Promise<void>((seenIt) => {
        if (out.includes(words)) seenIt();
        else waiting.push({ words, seen: seenIt });
      }),
    async leave() {
      interrupt();
      return { ...(await ran), out };
    },
    ran,
  };
}

const note = (n: number, what: string) => ({ mac: mac(n), road: "tftp", outcome: "answered", what, why: "" }) as const;

describe("watch", () => {
  test("begins with what is, then tells each thing in a line", async (t) => {
    const watcher = await watching(t, []);
    await watcher.sees("node1 (52:54:00:00:01:01) is pxe_ready: 15 min left\n");
    watcher.bench.trace.note(note(1, "snponly.efi"));
    await watcher.sees("tftp      answered  snponly.efi\n");
    await watcher.bench.happen({ type: "queue-paused" });
    await watcher.sees("the queue is paused\n");
    const { code, out } = await watcher.leave();
    assert.equal(code, 0);
    assert.equal(out.includes("\u001b"), false);
  });

  test("of one host tells nothing of others", async (t) => {
    const watcher = await watching(t, ["node1"]);
    await watcher.sees("is pxe_ready");
    watcher.bench.trace.note(note(2, "of another"));
    await watcher.bench.happen(seen(2), requested(2), { type: "queue-paused" });
    watcher.bench.trace.note(note(1, "of ours"));
    await watcher.sees("of ours");
    const { out } = await watcher.leave();
    assert.doesNotMatch(out, /of another|node2|paused/);
  });

  test("--json is one object per line", async (t) => {
    const watcher = await watching(t, ["--json"]);
    await watcher.sees('"event":"state"');
    watcher.bench.trace.note(note(1, "snponly.efi"));
    await watcher.sees("snponly.efi");
    const { out } = await watcher.leave();
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    assert.deepEqual(events, ["state", "footprint"]);
  });

  test("on a terminal redraws its picture", async (t) => {
    const watcher = await watching(t, [], { columns: 80 });
    await watcher.sees("bootqueue: 1 host, 2 of 3 slots available");
    watcher.bench.trace.note(note(1, "snponly.efi"));
    await watcher.sees("snponly.efi");
    const { out } = await watcher.leave();
    const pictures = out.split("\u001b[H\u001b[2J").slice(1);
    assert.match(pictures.at(-1) ?? "", /node1 .*pxe_ready[\s\S]*snponly\.efi/);
  });

  test("on a low terminal shows what moves, and how many it leaves out", async (t) => {
    const watcher = await watching(t, [], { columns: 60, rows: 14 });
    await watcher.bench.happen({ type: "host-marked-installed", host: hostId(1) });
    await watcher.sees("ready");
    for (let n = 1; n <= 30; n++) await watcher.bench.happen(registered(n + 1));
    await watcher.bench.happen(seen(40), requested(40, 2));
    for (let n = 1; n <= 30; n++)
      watcher.bench.trace.note(note(n, `file ${n} with a long name, so that it does not fit`));
    await watcher.sees("…\n");
    await watcher.sees("… and 29 more");
    const { out } = await watcher.leave();
    const picture = out.split("\u001b[H\u001b[2J").at(-1) ?? "";
    assert.match(picture.split("\n")[3] ?? "", /node2 .*pxe_ready/);
    assert.ok(picture.split("\n").length <= 14, picture);
    for (const line of picture.split("\n")) assert.ok(line.length <= 60, line);
  });

  test("ends with 3 when the daemon does", async (t) => {
    const watcher = await watching(t, []);
    await watcher.sees("is pxe_ready");
    watcher.bench.feed.close();
    const { code, err } = await watcher.ran;
    assert.equal(code, 3);
    assert.match(err, /the daemon ended the stream/);
  });

  test("of a host that nobody knows ends with 4", async (t) => {
    const bench = await cliBench(t);
    assert.equal((await bench.run(["watch", "toad"])).code, 4);
  });
});
