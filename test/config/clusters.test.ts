import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { clusterSlotProblems, clusterWarnings, missingCluster } from "../../src/config/clusters.ts";
import { credentialProblems } from "../../src/config/credentials.ts";
import { parseConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/std/problem.ts";

const HEAD = `[network]
address = "10.11.0.1"
router = "10.11.3.254"
subnet = "10.11.0.0/22"
domain = "lab.example"
`;

/** Made for these tests; nobody has the other half. */
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAA/sDAR/ZuTRND0Wo8tGPH/o98HPpZimEI4fMCZMDqb";
const FINGERPRINT = "ab".repeat(32);

const slot = (ip: string, more = "") =>
  `[[slot]]\nip = "${ip}"\nhostname = "n${ip.split(".")[3]}"\nprofile = "pve"\n${more}\n`;

function configOf(text: string) {
  const config = parseConfig(HEAD + text, "");
  if (!config.ok) assert.fail(config.error.map(formatProblem).join("\n"));
  return config.value;
}

function problemsOf(text: string): readonly string[] {
  const config = parseConfig(HEAD + text, "");
  assert.ok(!config.ok, "expected problems");
  return config.error.map(formatProblem);
}

describe("[[cluster]]", () => {
  test("needs only a name", () => {
    assert.deepEqual(configOf('[[cluster]]\nname = "lab"\n').cluster, [
      { name: "lab", kind: "proxmox", method: "ssh", rejoin: false, ssh_minutes: 20, quorum_minutes: 10 },
    ]);
  });

  test("takes an existing member, whose keys and fingerprint come out in one form", () => {
    const text = `[[cluster]]
name = "lab"
method = "api"
password_file = "/etc/bootqueue/lab.password"
[cluster.member]
address = "10.11.0.9"
host_keys = ["${HOST_KEY} root@old"]
fingerprint = "${FINGERPRINT}"
`;
    assert.deepEqual(configOf(text).cluster[0]?.member, {
      address: "10.11.0.9",
      host_keys: [HOST_KEY],
      fingerprint: Array(32).fill("AB").join(":"),
    });
  });

  for (const [what, text, problem] of [
    [
      "a name that Proxmox would refuse",
      '[[cluster]]\nname = "rainbow-road-lab"\n',
      'cluster[0].name: expected a cluster name of at most 15 letters, digits and inner hyphens, found "rainbow-road-lab"',
    ],
    [
      "a name given twice",
      '[[cluster]]\nname = "lab"\n[[cluster]]\nname = "Lab"\n',
      "cluster[1].name: the name Lab is taken already by another cluster",
    ],
    [
      "the API without a password",
      '[[cluster]]\nname = "lab"\nmethod = "api"\n',
      'cluster[0].password_file: missing: expected the file with root\'s password, which method = "api" needs',
    ],
    [
      "a member whose host keys nobody told us",
      '[[cluster]]\nname = "lab"\nkey_file = "/k"\n[cluster.member]\naddress = "10.11.0.9"\n',
      'cluster[0].member.host_keys: missing: expected its SSH host keys, which method = "ssh" needs',
    ],
    [
      "a member that nobody may enter",
      `[[cluster]]\nname = "lab"\n[cluster.member]\naddress = "10.11.0.9"\nhost_keys = ["${HOST_KEY}"]\n`,
      "cluster[0].key_file: missing: expected key_file or password_file, or nobody lets us in at this member",
    ],
    [
      "a host key that was cut while copying",
      `[[cluster]]\nname = "lab"\n[cluster.member]\naddress = "10.11.0.9"\nhost_keys = ["${HOST_KEY.slice(0, 40)}"]\n`,
      `cluster[0].member.host_keys[0]: expected the public half of an SSH host key such as ssh-ed25519 AAAA… (the content of /etc/ssh/ssh_host_ed25519_key.pub), found "${HOST_KEY.slice(0, 40)}"`,
    ],
  ] as const) {
    test(`refuses ${what}`, () => assert.deepEqual(problemsOf(text), [problem]));
  }

  test("warns that hosts which come later find no way in", () => {
    const { cluster } = configOf('[[cluster]]\nname = "lab"\n');
    assert.match(
      clusterWarnings(cluster).map(formatProblem).join(),
      /^cluster lab: neither key_file nor password_file/,
    );
    assert.deepEqual(clusterWarnings(configOf('[[cluster]]\nname = "lab"\nkey_file = "/k"\n').cluster), []);
  });
});

describe("links", () => {
  test("link 0 is the slot's own address unless it says another", () => {
    const [plain, own] = configOf(
      slot("10.11.0.2") + slot("10.11.0.3", 'link0 = "10.10.1.3"\nlink1 = "10.10.2.3"'),
    ).slots;
    assert.deepEqual([plain?.link0, plain?.link1], ["10.11.0.2", null]);
    assert.deepEqual([own?.link0, own?.link1], ["10.10.1.3", "10.10.2.3"]);
  });

  test("are counted up in a range", () => {
    const text = `[[slot_range]]\nfirst = "10.11.0.10"\ncount = 3\nhostname = "n{n}"\nprofile = "pve"\nlink1 = "10.10.2.10"\n`;
    assert.deepEqual(
      configOf(text).slots.map(({ link0, link1 }) => [link0, link1]),
      [
        ["10.11.0.10", "10.10.2.10"],
        ["10.11.0.11", "10.10.2.11"],
        ["10.11.0.12", "10.10.2.12"],
      ],
    );
  });

  for (const [what, text, problem] of [
    [
      "an address that two slots claim",
      slot("10.11.0.2", 'link1 = "10.10.2.2"') + slot("10.11.0.3", 'link1 = "10.10.2.2"'),
      "slot 10.11.0.3: link1: the address 10.10.2.2 is taken already by slot 10.11.0.2",
    ],
    [
      "two links with one address",
      slot("10.11.0.2", 'link1 = "10.11.0.2"'),
      "slot 10.11.0.2: link1: expected another address than those of the slot itself, found 10.11.0.2",
    ],
    [
      "a second link in the network of the first",
      slot("10.11.0.2", 'link1 = "10.11.0.77"'),
      "slot 10.11.0.2: link1: expected an address of a second network, found 10.11.0.77 in 10.11.0.0/22 as link0",
    ],
  ] as const) {
    test(`refuses ${what}`, () => assert.ok(problemsOf(text).includes(problem), problemsOf(text).join("\n")));
  }

  test("are the same for all hosts of a cluster", () => {
    const { slots } = configOf(slot("10.11.0.2", 'link1 = "10.10.2.2"') + slot("10.11.0.3"));
    assert.deepEqual(clusterSlotProblems("lab", slots).map(formatProblem), [
      "slot 10.11.0.3: link1 is missing: other slots of cluster lab have one, and all nodes of a cluster need the same links",
    ]);
    assert.deepEqual(clusterSlotProblems("lab", slots.slice(0, 1)), []);
  });
});

test("a cluster that nobody declares is named, with the one that was meant", () => {
  const { cluster } = configOf('[[cluster]]\nname = "lab"\n');
  assert.equal(missingCluster("lab", cluster), null);
  assert.equal(missingCluster("labb", cluster), 'there is no [[cluster]] called "labb"; did you mean "lab"?');
  assert.equal(missingCluster("lab", []), 'there is no [[cluster]] called "lab"; the configuration has none');
});

describe("credentials", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-credentials-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function faultsOf(text: string, mode: number): Promise<string[]> {
    const file = join(folder, "password");
    await writeFile(file, text);
    await chmod(file, mode);
    const { cluster } = configOf(`[[cluster]]\nname = "lab"\npassword_file = "${file}"\n`);
    return (await credentialProblems(cluster)).map((problem) => formatProblem(problem).replace(`${folder}/`, ""));
  }

  for (const [what, text, mode, faults] of [
    ["one line that only root may read is right", "rainbow\n", 0o600, []],
    [
      "a file that others may read",
      "rainbow\n",
      0o640,
      ["cluster[0].password_file: password: expected mode 0600, found 0640: others may read it; chmod 600 it"],
    ],
    [
      "two lines",
      "rainbow\nroad\n",
      0o600,
      ["cluster[0].password_file: password: expected one line with the password"],
    ],
    [
      "more than the API takes",
      "x".repeat(129),
      0o600,
      ["cluster[0].password_file: password: expected a password of at most 128 octets"],
    ],
  ] as const) {
    test(what, async () => assert.deepEqual(await faultsOf(text, mode), faults));
  }

  test("a file that is not there, and one that holds no key", async () => {
    const file = join(folder, "key");
    await writeFile(file, "ssh-ed25519 AAAA\n", { mode: 0o600 });
    const { cluster } = configOf(
      `[[cluster]]\nname = "lab"\nkey_file = "${file}"\npassword_file = "${folder}/nowhere"\n`,
    );
    assert.deepEqual(
      (await credentialProblems(cluster)).map((problem) => formatProblem(problem).replaceAll(`${folder}/`, "")),
      [
        "cluster[0].key_file: key: expected a private key as ssh-keygen makes it, without a passphrase",
        "cluster[0].password_file: nowhere: there is no such file",
      ],
    );
  });
});
