import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadOperatorTokenFile } from "../../src/http/operator-token-file.ts";
import { Sessions } from "../../src/http/sessions.ts";
import { FakeClock } from "../support/fake-clock.ts";

const HOUR = 3_600_000;

function bench() {
  const clock = new FakeClock();
  let kept: string | null = null;
  const store = {
    get sha256() {
      return kept;
    },
    async replace(sha256: string) {
      kept = sha256;
    },
  };
  return { clock, store, sessions: new Sessions(store, clock) };
}

describe("Sessions: the operator token", () => {
  test("only its SHA-256 is kept, and it is told from other secrets by its beginning", async () => {
    const { sessions, store } = bench();
    const token = await sessions.issueToken();
    assert.match(token, /^bq_[\w-]{43}$/);
    assert.equal(store.sha256, createHash("sha256").update(token).digest("hex"));
  });

  test("the token is accepted, anything else is not", async () => {
    const { sessions } = bench();
    const token = await sessions.issueToken();
    assert.deepEqual(sessions.check(token, "a"), { type: "accepted" });
    for (const wrong of ["", "bq_", `${token}x`, token.slice(1), token.toLowerCase().padEnd(50)]) {
      assert.deepEqual(sessions.check(wrong, "a"), { type: "wrong" });
    }
  });

  test("as long as none was issued nothing is accepted", () => {
    const { sessions } = bench();
    assert.deepEqual(sessions.check("", "a"), { type: "wrong" });
  });

  test("a new token voids the one before and every session", async () => {
    const { sessions } = bench();
    const first = await sessions.issueToken();
    const cookie = sessions.open();
    await sessions.issueToken();
    assert.deepEqual(sessions.check(first, "a"), { type: "wrong" });
    assert.equal(sessions.isOpen(cookie), false);
  });

  test("after ten wrong tokens an address waits out its minute, even with the right one; others do not", async () => {
    const { clock, sessions } = bench();
    const token = await sessions.issueToken();
    for (let i = 0; i < 10; i++) assert.equal(sessions.check("wrong", "a").type, "wrong");
    clock.advance(20_000);
    assert.deepEqual(sessions.check(token, "a"), { type: "too-many", retryAfterSeconds: 40 });
    assert.deepEqual(sessions.check(token, "b"), { type: "accepted" });
    clock.advance(40_000);
    assert.deepEqual(sessions.check(token, "a"), { type: "accepted" });
  });
});

describe("Sessions: browsers", () => {
  test("a session ends when nobody used it for twelve hours", () => {
    const { clock, sessions } = bench();
    const cookie = sessions.open();
    clock.advance(11 * HOUR);
    assert.equal(sessions.isOpen(cookie), true);
    clock.advance(11 * HOUR);
    assert.equal(sessions.isOpen(cookie), true);
    clock.advance(12 * HOUR);
    assert.equal(sessions.isOpen(cookie), false);
  });

  test("a session ends after a week, however busy it is", () => {
    const { clock, sessions } = bench();
    const cookie = sessions.open();
    for (let hour = 0; hour < 7 * 24 - 1; hour++) {
      clock.advance(HOUR);
      assert.equal(sessions.isOpen(cookie), true);
    }
    clock.advance(HOUR);
    assert.equal(sessions.isOpen(cookie), false);
  });

  test("whoever logs out is out, and nobody else", () => {
    const { sessions } = bench();
    const [one, other] = [sessions.open(), sessions.open()];
    sessions.close(one);
    assert.deepEqual([sessions.isOpen(one), sessions.isOpen(other)], [false, true]);
  });

  test("the hundred-and-first session puts out the oldest", () => {
    const { sessions } = bench();
    const all = Array.from({ length: 101 }, () => sessions.open());
    assert.deepEqual(all.map((cookie) => sessions.isOpen(cookie)).indexOf(true), 1);
  });
});

describe("loadOperatorTokenFile()", () => {
  async function inFolder(run: (path: string) => Promise<void>) {
    const folder = await mkdtemp(join(tmpdir(), "bootqueue-token-"));
    try {
      await run(join(folder, "operator-token"));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  test("keeps the hash over a restart, for its owner alone", () =>
    inFolder(async (path) => {
      const hash = "ab".repeat(32);
      const store = await loadOperatorTokenFile(path);
      assert.equal(store.sha256, null);
      await store.replace("cd".repeat(32));
      await store.replace(hash);
      assert.equal(store.sha256, hash);
      assert.equal((await loadOperatorTokenFile(path)).sha256, hash);
      assert.equal(await readFile(path, "utf8"), `${hash}\n`);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    }));

  test("does not start on a file that it did not write, and says what to do", () =>
    inFolder(async (path) => {
      await writeFile(path, "bq_secret");
      await assert.rejects(loadOperatorTokenFile(path), (error: Error) => {
        assert.match(error.message, /remove it and run `bootqueue token`/);
        assert.doesNotMatch(error.message, /bq_secret/);
        return true;
      });
    }));
});
