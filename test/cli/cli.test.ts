import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { describe, type TestContext, test } from "node:test";
import type { HttpCluster } from "../../src/boot/http-cluster.ts";
import { renderCliReference } from "../../src/cli/reference.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { QueueEvent } from "../../src/queue/event.ts";
import type { Inventory } from "../../src/queue/inventory.ts";
import { cliBench } from "../support/cli-bench.ts";
import { installSite } from "../support/install-site.ts";
import { proxmoxProfile } from "../support/proxmox-profile.ts";
import {
  answer,
  drawn,
  hostId,
  INVENTORY,
  joined,
  joinFailed,
  mac,
  rebuild,
  registered,
  reported,
  requested,
  rulesWith,
  script,
  seen,
  skip,
  token,
} from "../support/queue-builder.ts";
import { serverType } from "../support/server-type.ts";

const SERVER: Inventory = {
  ...INVENTORY,
  fqdn: "node1.lab.example",
  kernel: "6.14.8-2-pve",
  cpu: { model: "AMD EPYC 7302P", sockets: 1, cores: 16, cpus: 32 },
  board: { product: "PowerEdge R6515", serial: "7QXK2M3", boardSerial: null },
  disks: [
    { device: "/dev/sda", model: "Samsung PM883", serial: "S4XA0001", sizeBytes: 480e9, isBootDisk: true },
    { device: "/dev/nvme0n1", model: "Micron 7450", serial: null, sizeBytes: 3.84e12, isBootDisk: false },
  ],
  nics: [
    { name: "eno1", mac: mac(1), address: "10.11.0.2/22", isManagement: true },
    { name: "eno2", mac: mac(1, 2), address: null, isManagement: false },
  ],
  sshHostKeys: { ed25519: "ssh-ed25519 AAAAC3Nza host" },
};

/** A rack in the middle of the evening: one ready, one installing, one registered, a slot skipped. */
async function evening(t: TestContext) {
  const bench = await cliBench(t);
  await bench.happen(seen(1), requested(1), script(1), answer(1));
  await bench.happen({ type: "install-reported", host: hostId(1), token: token(1), inventory: SERVER });
  bench.trace.note({ mac: mac(1), road: "dhcp", outcome: "answered", what: "OFFER 10.11.0.2, snponly.efi", why: "" });
  bench.trace.note({ mac: mac(1, 2), road: "dhcp", outcome: "dropped", what: "DISCOVER", why: "it is installed" });
  bench.trace.note({ mac: null, road: "dhcp", outcome: "dropped", what: "unreadable\u001b[2J", why: "too short" });
  bench.trace.note({ mac: mac(2), road: "tftp", outcome: "answered", what: "undionly.kpxe", why: "" });
  bench.trace.note({ mac: mac(2), road: "tftp", outcome: "answered", what: "undionly.kpxe", why: "" });
  bench.clock.advance(3 * 3_600_000);
  await bench.happen(seen(2), requested(2), script(2), answer(2), registered(18), skip(3));
  bench.clock.advance(5 * 60_000);
  return bench;
}

/** Compares with `golden/NAME.txt`; UPDATE_GOLDEN=1 writes it anew. */
async function isGolden(name: string, text: string) {
  const path = new URL(`golden/${name}.txt`, import.meta.url);
  if (process.env.UPDATE_GOLDEN === "1") await writeFile(path, text);
  assert.equal(text, await readFile(path, "utf8"));
}

describe("looking", () => {
  const pictures: readonly { name: string; argv: readonly string[]; columns?: number }[] = [
    { name: "status", argv: ["status"] },
    { name: "slots", argv: ["slots"] },
    { name: "hosts", argv: ["hosts"] },
    { name: "hosts-failed", argv: ["hosts", "--state", "failed"] },
    { name: "hosts-narrow", argv: ["hosts"], columns: 60 },
    { name: "slots-narrow", argv: ["slots"], columns: 60 },
    { name: "show", argv: ["show", "node1"] },
    { name: "logs", argv: ["logs"] },
    { name: "logs-host", argv: ["logs", "node1", "--limit", "1"] },
    { name: "help", argv: ["--help"], columns: 80 },
    { name: "help-reset", argv: ["reset", "--help"], columns: 80 },
  ];
  for (const { name, argv, columns } of pictures) {
    test(`${argv.join(" ")} looks like golden/${name}.txt`, async (t) => {
      const bench = await evening(t);
      const ran = await bench.run(argv, columns === undefined ? {} : { columns });
      assert.deepEqual([ran.code, ran.err], [0, ""]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
      assert.doesNotMatch(ran.out, /[\u0000-\u0009\u000b-\u001f]/);
      if (columns !== undefined) for (const line of ran.out.split("\n")) assert.ok(line.length <= columns, line);
      await isGolden(name, ran.out);
    });
  }

  test("logs of a hardware address that is no host's shows why it is not served", async (t) => {
    const bench = await evening(t);
    const stranger = "52:54:00:00:09:09" as MacAddress;
    bench.trace.note({ mac: stranger, road: "dhcp", outcome: "dropped", what: "DISCOVER", why: "its UUID is a copy" });
    assert.match((await bench.run(["logs", "52-54-00-00-09-09"])).out, /DISCOVER: its UUID is a copy\n$/);
    const nobody = await bench.run(["logs", "52:54:00:00:09:0a"]);
    assert.deepEqual([nobody.code, /no host is called/.test(nobody.err)], [4, true]);
  });

  test("--json is the same for programs, in one line where no person looks", async (t) => {
    const bench = await evening(t);
    for (const command of ["status", "slots", "hosts", "show node1"]) {
      const ran = await bench.run(["--json", ...command.split(" ")]);
      assert.equal(ran.out.trimEnd().split("\n").length, 1, command);
      assert.equal(typeof JSON.parse(ran.out), "object");
    }
    const { out } = await bench.run(["hosts", "--json"]);
    assert.deepEqual(
      (JSON.parse(out) as { id: string }[]).map(({ id }) => id),
      [hostId(1), hostId(2), hostId(18)],
    );
    assert.equal((await bench.run(["logs", "--json"])).out.trimEnd().split("\n").length, 4);
  });

  test("an empty appliance says how to begin", async (t) => {
    const bench = await cliBench(t);
    await bench.happen({ type: "slots-declared", slots: [] });
    assert.match((await bench.run(["hosts"])).out, /no hosts yet/);
    assert.match((await bench.run(["slots"])).out, /add \[\[slot\]\]/);
  });
});

describe("ordering", () => {
  test("a destructive order shows exactly which machine it is about, and asks", async (t) => {
    const bench = await evening(t);
    const ran = await bench.run(["rebuild", "10.11.0.2"], { answers: ["y"] });
    assert.equal(ran.code, 0);
    await isGolden("ask-rebuild", ran.err);
    assert.equal(drawn(bench.engine.state), "pxe_ready(1) installing(2) skipped | registered(18)");
  });

  test("mode sets how DHCP serves a machine, known or not, and show tells", async (t) => {
    const bench = await evening(t);
    assert.match((await bench.run(["mode", "node1", "full"])).out, /^DHCP serves node1 .* \(full\)/);
    assert.match((await bench.run(["show", "node1"])).out, /^dhcp +full, whatever the configuration says$/m);
    assert.match((await bench.run(["mode", "node1", "default"])).out, /\(default\)/);
    assert.doesNotMatch((await bench.run(["show", "node1"])).out, /^dhcp /m);
    assert.equal((await bench.run(["mode", "52:54:00:00:01:63", "ignore"])).code, 0);
    assert.match((await bench.run(["hosts"])).out, /52-54-00-00-01-63/);
    const wrong = await bench.run(["mode", "node1", "half"]);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.err, /full, proxy, ignore, default/);
  });

  test("a slot is asked about too", async (t) => {
    const bench = await evening(t);
    await bench.run(["unskip", "3"]);
    const ran = await bench.run(["skip", "3", "--reason", "bad cable"], { answers: ["yes"] });
    await isGolden("ask-skip", ran.err);
    assert.match((await bench.run(["slots"])).out, /skipped .* bad cable/);
  });

  for (const typed of ["n", "", "yep", null]) {
    test(`whoever answers ${JSON.stringify(typed)} has not said yes: 5`, async (t) => {
      const bench = await evening(t);
      const before = bench.engine.state;
      const ran = await bench.run(["reset", "node2"], { answers: [typed] });
      assert.equal(ran.code, 5);
      assert.match(ran.err, /nothing was done/);
      assert.equal(bench.engine.state, before);
    });
  }

  const destructive = [
    ["reset", "node2"],
    ["rebuild", "node1"],
    ["mark-installed", "node2"],
    ["skip", "3"],
  ];
  for (const argv of destructive) {
    test(`${argv[0]} does nothing where nobody can be asked, but for --yes`, async (t) => {
      const bench = await evening(t);
      await bench.happen({ type: "slot-unskipped", slot: "10.11.0.4" as never });
      const before = bench.engine.state;
      const without = await bench.run(argv);
      assert.equal(without.code, 2);
      assert.match(without.err, /add --yes/);
      assert.equal(bench.engine.state, before);
      assert.equal((await bench.run([...argv, "--yes"])).code, 0);
      assert.notEqual(bench.engine.state, before);
    });
  }

  const orders: readonly { argv: readonly string[]; out: RegExp; after: string }[] = [
    { argv: ["pause"], out: /^paused/, after: "ready(1) installing(2) skipped | registered(18)" },
    { argv: ["resume"], out: /^the queue is not paused/, after: "ready(1) installing(2) skipped | registered(18)" },
    { argv: ["unskip", "node3"], out: /^unskipped slot 3/, after: "ready(1) installing(2) available | registered(18)" },
    {
      argv: ["register", "5254.0000.0109", "--type", "r640"],
      out: /^registered/,
      after: "ready(1) installing(2) skipped | registered(18) registered(9)",
    },
    {
      argv: ["--yes", "reset", "--even-installed", "node1"],
      out: /^reset node1/,
      after: "available installing(2) skipped | registered(18)",
    },
    {
      argv: ["--yes", "mark-installed", "node2"],
      out: /^marked node2/,
      after: "ready(1) ready(2) skipped | registered(18)",
    },
  ];
  for (const { argv, out, after } of orders) {
    test(`${argv.join(" ")} does it and says so`, async (t) => {
      const bench = await evening(t);
      const ran = await bench.run(argv);
      assert.deepEqual([ran.err, ran.code], ["", 0]);
      assert.match(ran.out, out);
      assert.equal(drawn(bench.engine.state), after);
    });
  }

  test("register with all there is to say of a machine", async (t) => {
    const bench = await cliBench(t);
    const argv = [
      "register",
      mac(7),
      "--uuid",
      "4c4c4544-0043-5110-8031-c7c04f510007",
      "--type",
      "r640",
      "--slot",
      "node2",
      "--json",
    ];
    const done = JSON.parse((await bench.run(argv)).out) as {
      host: { serverType: string; slot: { hostname: string } };
    };
    assert.deepEqual([done.host.serverType, done.host.slot.hostname], ["r640", "node2"]);
  });

  test("show says what a machine's server type is called, and which GPU it has", async (t) => {
    const described = serverType("r640", { displayName: "Dell PowerEdge R640", gpu: "NVIDIA A2" });
    const site = installSite(undefined, { serverTypes: [described] });
    const bench = await cliBench(t, { site: () => site });
    await bench.run(["register", mac(7), "--type", "r640"]);
    assert.match((await bench.run(["show", mac(7)])).out, /^type +r640, Dell PowerEdge R640, GPU NVIDIA A2$/m);
    const view = JSON.parse((await bench.run(["show", mac(7), "--json"])).out) as { machineType: unknown };
    assert.deepEqual(view.machineType, { name: "r640", displayName: "Dell PowerEdge R640", gpu: "NVIDIA A2" });
  });

  test("retry tries a join again that failed, and says why it cannot try anything else", async (t) => {
    const bench = await cliBench(t, {}, rulesWith({ cluster: "lab" }));
    await bench.happen(requested(1), answer(1), reported(1), joinFailed(1));
    assert.equal(
      (await bench.run(["retry", "node1"])).out,
      "will try again the join of node1 (52-54-00-00-01-01): when nobody else joins\n",
    );
    assert.equal(drawn(bench.engine.state), "joining(1) available available");
    assert.match((await bench.run(["retry", "node1"])).out, /on its way into its cluster already/);
    await bench.happen(joined(1));
    const refused = await bench.run(["retry", "node1"]);
    assert.deepEqual([refused.code, /it has no join that failed/.test(refused.err)], [1, true]);
  });

  test("retry leaves to its own agent what a host joins by itself", async (t) => {
    const site = installSite(proxmoxProfile({ cluster: "lab" }));
    const httpClusters = new Map([["lab", { name: "lab", members: [] } as unknown as HttpCluster]]);
    const changes = { site: () => ({ ...site, httpClusters }) };
    const bench = await cliBench(t, changes, rulesWith({ cluster: "lab" }));
    await bench.happen(requested(1), answer(1), reported(1), joinFailed(1));
    const refused = await bench.run(["retry", "node1"]);
    assert.deepEqual([refused.code, /systemctl restart bootqueue-agent/.test(refused.err)], [1, true]);
    assert.equal(drawn(bench.engine.state), "failed(1) available available");
  });

  test("approve lets a waiting machine in", async (t) => {
    const bench = await cliBench(t);
    await bench.happen({ type: "queue-paused" }, seen(1));
    assert.match((await bench.run(["approve", mac(1)])).out, /^approved/);
    assert.match((await bench.run(["hosts"])).out, /approved; it takes a slot when it next asks/);
  });

  test("a host that is not what it was is held: status, hosts and show say what changed, and approve asks", async (t) => {
    const bench = await cliBench(t);
    const known = { ...answer(1), serial: "C7Q1" } as QueueEvent;
    await bench.happen(requested(1), known, reported(1), rebuild(1, "again"));
    const verdict = await bench.engine.dispatch({ ...known, serial: "X999" } as QueueEvent);
    assert.deepEqual(verdict, { type: "refused", reason: "held-for-approval" });
    const words = /its serial number was C7Q1 and is X999/;
    assert.match((await bench.run(["status"])).out, /node1 is held for approval: .*C7Q1.*`bootqueue approve node1`/);
    assert.match((await bench.run(["hosts"])).out, words);
    assert.match((await bench.run(["show", "node1"])).out, /^held +its serial number was C7Q1 and is X999; /m);
    const no = await bench.run(["approve", "node1"], { answers: ["n"] });
    assert.equal(no.code, 5);
    assert.match(no.err, words);
    assert.match((await bench.run(["approve", "node1", "--yes"])).out, /^approved .*node1/);
    assert.doesNotMatch((await bench.run(["status"])).out, /held for approval/);
    assert.equal((await bench.engine.dispatch({ ...known, serial: "X999" } as QueueEvent)).type, "moved");
  });

  test("tls rotate says who still goes by the certificate before, and show which one is in use", async (t) => {
    const view = {
      fingerprint: "AB:CD",
      expires: "2046-11-20T12:00:00.000Z",
      kept: [{ fingerprint: "12:34", replaced: "2026-11-20T12:00:00.000Z", hosts: ["node1"] }],
    };
    const asked: unknown[] = [];
    const tls = {
      view: () => view,
      rotate: async (own: unknown) => {
        asked.push(own);
        if (own !== null) throw new Error("the key is not the key of the certificate in the certificate");
        return "HTTPS has a new certificate, AB:CD; node1 still meets the one before, until the install ends";
      },
    };
    const bench = await cliBench(t, { tls });
    assert.match((await bench.run(["tls", "rotate"])).out, /^HTTPS has a new certificate, AB:CD; node1 still meets/);
    assert.match(
      (await bench.run(["tls", "show"])).out,
      /^certificate +AB:CD\nexpires .*\nbefore +12:34, for node1\n$/,
    );
    assert.match((await bench.run(["status"])).out, /^certificate +AB:CD; node1 still meets one before$/m);
    const file = new URL("../fixtures/tls/rsa-key.pem", import.meta.url).pathname;
    const half = await bench.run(["tls", "rotate", "--key", file]);
    assert.notEqual(half.code, 0);
    assert.match(half.err, /a key and its certificate belong together/);
    const wrong = await bench.run(["tls", "rotate", "--key", file, "--certificate", file]);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.err, /is not the key of.*\n.*the certificate in use stays/);
    assert.equal((await bench.run(["tls", "rotate", "--key", "/nowhere"])).code, 2);
    assert.equal(asked.length, 2);
    const without = await cliBench(t);
    assert.match((await without.run(["tls", "show"])).out, /not served over HTTPS; `http.tls_port` turns it on/);
    assert.match((await without.run(["tls", "rotate"])).err, /not served over HTTPS/);
  });

  test("token prints a new token and nothing else", async (t) => {
    const bench = await cliBench(t);
    const { out } = await bench.run(["token"]);
    assert.equal(bench.sessions.check(out.trimEnd(), "").type, "accepted");
  });
});

describe("what the shell is told", () => {
  const failures: readonly { argv: readonly string[]; code: number; err: RegExp }[] = [
    { argv: ["approve", "node1"], code: 1, err: /refused to approve node1/ },
    { argv: ["reset", "node1", "--yes"], code: 1, err: /--even-installed/ },
    { argv: ["show"], code: 2, err: /missing required argument 'host'/ },
    { argv: ["shwo", "node1"], code: 2, err: /Did you mean show\?/ },
    { argv: ["reset", "node1", "--even-instaled"], code: 2, err: /Did you mean --even-installed\?/ },
    { argv: ["register", "52:54"], code: 2, err: /expected a hardware address/ },
    { argv: ["hosts", "--state", "broken"], code: 2, err: /expected --state to be one of discovered, / },
    { argv: ["logs", "--limit", "all"], code: 2, err: /expected --limit to be a number/ },
    { argv: ["show", ""], code: 2, err: /the name of the host is empty/ },
    { argv: [], code: 2, err: /Usage: bootqueue/ },
    { argv: ["show", "toad"], code: 4, err: /no host is called "toad"\n {2}there are node1/ },
    { argv: ["show", "52-54"], code: 4, err: /could be node1/ },
    { argv: ["show", "../slots"], code: 4, err: /no host is called "\.\.\/slots"/ },
    { argv: ["skip", "9", "--yes"], code: 4, err: /no slot is called "9"/ },
  ];
  for (const { argv, code, err } of failures) {
    test(`${JSON.stringify(argv.join(" "))} ends with ${code}`, async (t) => {
      const bench = await evening(t);
      const ran = await bench.run(argv);
      assert.deepEqual([ran.code, ran.out], [code, ""]);
      assert.match(ran.err, err);
    });
  }

  test("--json makes an error JSON too", async (t) => {
    const bench = await evening(t);
    const ran = await bench.run(["--json", "show", "toad"]);
    const { exitCode, error } = JSON.parse(ran.err) as { exitCode: number; error: string };
    assert.deepEqual([exitCode, error, ran.code], [4, 'no host is called "toad"', 4]);
  });

  test("--version", async (t) => {
    const bench = await cliBench(t);
    assert.deepEqual(await bench.run(["--version"]), { out: "1.2.3\n", err: "", code: 0 });
  });
});

test("docs/reference/cli.md is what the commands say of themselves; UPDATE_GOLDEN=1 writes it anew", async () => {
  const path = new URL("../../docs/reference/cli.md", import.meta.url);
  if (process.env.UPDATE_GOLDEN === "1") await writeFile(path, renderCliReference());
  assert.equal(renderCliReference(), await readFile(path, "utf8"));
});
