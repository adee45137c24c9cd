import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import ssh2 from "ssh2";
import { newEphemeralKey } from "../../src/cluster/ephemeral-key.ts";
import { KeyJanitor } from "../../src/cluster/janitor.ts";
import { attemptTag, KeyFolder } from "../../src/cluster/key-folder.ts";
import { keyBodyOf } from "../../src/cluster/key-line.ts";
import { silentLog } from "../../src/std/log.ts";
import { JoinBench } from "../support/proxmox-cluster/join-bench.ts";

const OWNER = { host: "52-54-00-00-00-01", attempt: "0123", name: "toad", cluster: "lab" };

describe("an ephemeral key", () => {
  test("is an ed25519 pair whose halves belong together, every time", () => {
    for (let round = 0; round < 300; round++) {
      const { publicKey, privateKey } = newEphemeralKey("bootqueue-toad");
      assert.match(publicKey, /^ssh-ed25519 AAAA[A-Za-z0-9+/]+=* bootqueue-toad$/);
      const own = ssh2.utils.parseKey(privateKey);
      assert.ok(!(own instanceof Error));
      assert.equal(own.getPublicSSH().toString("base64"), keyBodyOf(publicKey));
    }
  });

  test("is found by its body, whatever stands around it", () => {
    assert.equal(keyBodyOf('command="true",no-pty ssh-ed25519 AAAAC3Nz root@x'), "AAAAC3Nz");
    assert.equal(keyBodyOf("ssh-ed25519 AAAAC3Nz"), "AAAAC3Nz");
    assert.equal(keyBodyOf("rubbish"), "");
  });

  test("is named after its install without giving the token away", () => {
    assert.match(attemptTag("token"), /^[0-9a-f]{16}$/);
    assert.notEqual(attemptTag("token"), attemptTag("token2"));
  });
});

describe("the folder of keys", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-keys-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("makes one key for each install, and finds it again after a restart", async () => {
    const keys = await KeyFolder.open(folder);
    const [one, same] = await Promise.all([keys.ensure(OWNER, 1), keys.ensure(OWNER, 2)]);
    assert.deepEqual(one, same);
    await keys.addPlace(OWNER, { address: "10.11.0.2", hostKeys: [], shared: false });
    const again = await KeyFolder.open(folder);
    assert.equal(again.find(OWNER.host, OWNER.attempt)?.privateKey, one.privateKey);
    assert.deepEqual(again.all()[0]?.places, [{ address: "10.11.0.2", hostKeys: [], shared: false }]);
  });

  test("lets nobody else read", async () => {
    const keys = await KeyFolder.open(join(folder, "sub"));
    await keys.ensure(OWNER, 1);
    assert.equal((await stat(join(folder, "sub"))).mode & 0o777, 0o700);
    const [name = ""] = await readdir(join(folder, "sub"));
    assert.equal((await stat(join(folder, "sub", name))).mode & 0o777, 0o600);
  });

  test("a removed key is off the disk", async () => {
    const keys = await KeyFolder.open(folder);
    await keys.ensure(OWNER, 1);
    await keys.remove(OWNER);
    assert.deepEqual([keys.all(), await readdir(folder)], [[], []]);
  });

  test("what a crash has left, and files that are no keys, do not stay", async () => {
    await writeFile(join(folder, "a.json.new"), "PRIVATE");
    await writeFile(join(folder, "a.json"), "{");
    const keys = await KeyFolder.open(folder);
    assert.deepEqual([keys.all(), await readdir(folder)], [[], []]);
  });
});

describe("the janitor", () => {
  let bench: JoinBench;
  let needed: Set<string>;
  let janitor: KeyJanitor;
  beforeEach(async () => {
    bench = await JoinBench.open();
    needed = new Set();
    janitor = new KeyJanitor({
      keys: bench.keys,
      openNode: bench.nodes.open,
      clock: bench.clock,
      log: silentLog,
      isNeeded: ({ name }) => needed.has(name),
      isWiped: () => false,
      heirsOf: (key) => bench.keys.all().filter(({ name }) => name !== key.name && needed.has(name)),
      loginsOf: async () => [],
    });
  });
  afterEach(() => bench.close());
  const sweep = () => janitor.sweep(new AbortController().signal);

  test("leaves a key alone that is still needed", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    needed.add("toad");
    await sweep();
    assert.deepEqual([node.keys.length, bench.keys.all().length], [1, 1]);
  });

  test("removes one whose install has ended, from the node and from the disk", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    await sweep();
    assert.deepEqual([node.keys, bench.keys.all()], [[], []]);
    assert.doesNotMatch(await bench.stateText(), /PRIVATE/);
  });

  test("removes at once one that was never given away", async () => {
    await bench.keys.ensure(OWNER, 1);
    await sweep();
    assert.deepEqual(bench.keys.all(), []);
  });

  test("tries again what it could not reach, says so, and stops when it is gone", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    node.isUp = false;
    await sweep();
    assert.match(
      janitor.warnings().join(),
      /^the ephemeral key of toad may still be in \/root\/\.ssh\/authorized_keys of 10\.11\.0\.2 \(.*no route to host.*\); it is tried again$/,
    );
    node.isUp = true;
    await sweep();
    assert.equal(node.keys.length, 1, "it waits before it tries again");
    bench.clock.advance(61_000);
    await sweep();
    assert.deepEqual([node.keys, janitor.warnings()], [[], []]);
  });

  test("after a day destroys the private half, and names the node until it is forgotten", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    node.isUp = false;
    for (let hour = 0; hour < 26; hour++) {
      await sweep();
      bench.clock.advance(3_601_000);
    }
    assert.doesNotMatch(await bench.stateText(), /PRIVATE/);
    assert.match(janitor.warnings().join(), /its private half is destroyed\. Remove the line/);
    bench.clock.advance(31 * 24 * 3_600_000);
    await sweep();
    assert.deepEqual([janitor.warnings(), bench.keys.all()], [[], []]);
  });

  test("takes back what a killed join has given to a member, and lets the next one in first", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi, key } = await bench.installed("yoshi", "10.11.0.3");
    const { key: next } = await bench.installed("wario", "10.11.0.4");
    await bench.join(bench.order(toad, {}, [yoshi]));
    await bench.keys.setGuests(key, [yoshi.rootKey]);
    toad.authorizedKeys = [...toad.authorizedKeys, yoshi.rootKey];
    needed.add("wario");
    await sweep();
    const bodies = toad.authorizedKeys.map(keyBodyOf);
    assert.ok(!bodies.includes(keyBodyOf(key.publicKey)) && !bodies.includes(keyBodyOf(yoshi.rootKey)));
    assert.ok(bodies.includes(keyBodyOf(next.publicKey)));
    assert.deepEqual(
      bench.keys.all().map(({ name, places }) => [name, places.map(({ address }) => address)]),
      [["wario", ["10.11.0.4", "10.11.0.2"]]],
    );
  });

  test("a machine that never reported its host keys is not logged in to", async () => {
    const key = await bench.keys.ensure(OWNER, 1);
    const node = bench.nodes.add("toad", "10.11.0.2", [key.publicKey]);
    await bench.keys.addPlace(key, { address: "10.11.0.2", hostKeys: [], shared: false });
    await sweep();
    assert.equal(node.keys.length, 1);
    assert.match(janitor.warnings().join(), /never reported its SSH host keys/);
  });
});

test("what the folder keeps can be read by people", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-keys-"));
  const keys = await KeyFolder.open(folder);
  await keys.ensure(OWNER, 1);
  const [name = ""] = await readdir(folder);
  assert.equal(name, "52-54-00-00-00-01.0123.json");
  assert.equal(JSON.parse(await readFile(join(folder, name), "utf8")).cluster, "lab");
  await rm(folder, { recursive: true });
});
