import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { silentLog } from "../../src/std/log.ts";
import { readTimeline, TimelineFile } from "../../src/trace/timeline-file.ts";
import { Trace, type TraceEntry } from "../../src/trace/trace.ts";
import { FakeClock } from "../support/fake-clock.ts";

const parent = await mkdtemp(join(tmpdir(), "bootqueue-timeline-"));
after(() => rm(parent, { recursive: true }));

describe("TimelineFile", () => {
  test("gives back after a restart what was appended, in order", async () => {
    const { path, file } = await makeFile();
    const entries = ["DISCOVER", "REQUEST", "ümläut ☂\nwith a line feed"].map((what) => entry(what));
    for (const one of entries) file.append(one);
    await file.close();
    assert.deepEqual(await readTimeline(path, 10), entries);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  test("has nothing to tell before the first entry", async () => {
    const { path, file } = await makeFile();
    await file.close();
    assert.deepEqual(await readTimeline(path, 10), []);
  });

  test("goes on in the file of the run before", async () => {
    const { path, file, again } = await makeFile();
    file.append(entry("one"));
    await file.close();
    const second = again();
    second.append(entry("two"));
    await second.close();
    assert.deepEqual(words(await readTimeline(path, 10)), ["one", "two"]);
  });

  test("a line torn by a power cut costs that line alone, at whatever octet it was torn", async () => {
    const line = JSON.stringify(entry("torn"));
    for (let length = 1; length < line.length; length += 7) {
      const { path, file, again } = await makeFile();
      file.append(entry("before"));
      await file.close();
      await appendFile(path, line.slice(0, length));
      assert.deepEqual(words(await readTimeline(path, 10)), ["before"]);
      const next = again();
      next.append(entry("after"));
      await next.close();
      assert.deepEqual(words(await readTimeline(path, 10)), ["before", "after"], `torn at ${length}`);
    }
  });

  test("ignores lines that are not its own", async () => {
    const { path, file } = await makeFile();
    await writeFile(path, 'null\n{}\nnoise\n{"at":-1}\n\n');
    file.append(entry("mine"));
    await file.close();
    assert.deepEqual(words(await readTimeline(path, 10)), ["mine"]);
  });

  test("puts a full file aside, keeps so many, and reads across them", async () => {
    const { folder, path, file } = await makeFile({ sizeBytesMax: 500, filesKept: 2, waitingMax: 100 });
    for (let n = 0; n < 30; n++) {
      file.append(entry(String(n)));
      await file.flush();
    }
    await file.close();
    assert.deepEqual((await readdir(folder)).sort(), ["timeline.jsonl", "timeline.jsonl.1", "timeline.jsonl.2"]);
    const read = words(await readTimeline(path, 100, 2));
    assert.ok(read.length > 5 && read.length < 30, `${read.length} entries`);
    assert.deepEqual(
      read,
      Array.from({ length: read.length }, (_, n) => String(30 - read.length + n)),
    );
    assert.deepEqual(words(await readTimeline(path, 7, 2)), ["23", "24", "25", "26", "27", "28", "29"]);
  });

  test("writes of what keeps repeating only now and then, and reads it back as one", async () => {
    const { path, file } = await makeFile();
    const clock = new FakeClock();
    const trace = new Trace(clock, silentLog);
    trace.subscribe((one) => file.append(one));
    for (let n = 0; n < 1000; n++) {
      trace.note({ mac: MAC, road: "dhcp", outcome: "dropped", what: "DISCOVER", why: "installed" });
      clock.advance(100);
    }
    await file.close();
    assert.equal((await readFile(path, "utf8")).split("\n").length - 1, 10);
    const [only, ...others] = await readTimeline(path, 100);
    assert.deepEqual([only?.count, others.length], [512, 0]);
  });

  test("drops what a slow disk cannot take, and says how much at that place", async () => {
    const { path, file } = await makeFile({ sizeBytesMax: 1e6, filesKept: 1, waitingMax: 3 });
    for (let n = 0; n < 10; n++) file.append(entry(String(n)));
    await file.flush();
    file.append(entry("later"));
    await file.close();
    const read = words(await readTimeline(path, 100));
    assert.deepEqual(read, ["0", "1", "2", "7 timeline entries are missing here", "later"]);
  });

  test("a disk that is full is reported once and stops nobody; what was lost is counted when it has room again", async () => {
    const { folder, path, file, errors } = await makeFile();
    await symlink("/dev/full", path);
    for (let n = 0; n < 3; n++) {
      file.append(entry(String(n)));
      await file.flush();
    }
    assert.deepEqual(errors, ["the timeline cannot be written; bootqueue goes on without it"]);
    await rm(path);
    file.append(entry("back"));
    await file.close();
    assert.deepEqual(words(await readTimeline(path, 100)), ["3 timeline entries are missing here", "back"]);
    assert.deepEqual(await readdir(folder), ["timeline.jsonl"]);
  });

  test("a folder that is not there is reported once and stops nobody", async () => {
    const errors: string[] = [];
    const log = { ...silentLog, error: (message: string) => void errors.push(message) };
    const file = new TimelineFile(join(parent, "none", "timeline.jsonl"), new FakeClock(), log);
    file.append(entry("lost"));
    await file.flush();
    file.append(entry("lost too"));
    await file.close();
    assert.equal(errors.length, 1);
  });
});

const MAC = "52:54:00:00:00:01" as MacAddress;
const CLOCK = new FakeClock();

function entry(what: string): TraceEntry {
  CLOCK.advance(1);
  const now = CLOCK.now();
  return {
    at: now,
    last: now,
    count: 1,
    mac: MAC,
    road: "dhcp",
    outcome: "dropped",
    what,
    why: "",
    stage: null,
    fields: { xid: "1" },
  };
}

async function makeFile(limits?: ConstructorParameters<typeof TimelineFile>[3]) {
  const folder = await mkdtemp(join(parent, "t-"));
  const path = join(folder, "timeline.jsonl");
  const errors: string[] = [];
  const log = { ...silentLog, error: (message: string) => void errors.push(message) };
  const again = () => new TimelineFile(path, new FakeClock(), log, limits);
  return { folder, path, errors, again, file: again() };
}

function words(entries: readonly TraceEntry[]): readonly string[] {
  return entries.map(({ what }) => what);
}
