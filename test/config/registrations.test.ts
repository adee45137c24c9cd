import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { parseConfig } from "../../src/config/load.ts";
import { registrationFileProblems } from "../../src/config/registrations.ts";

const folder = await mkdtemp(join(tmpdir(), "bootqueue-registrations-"));
after(() => rm(folder, { recursive: true }));

const NETWORK = '[network]\naddress = "10.11.0.1"\nsubnet = "10.11.0.0/22"\ndomain = "lab.example"\n';

function problemsOf(...entries: readonly string[]): readonly string[] {
  const text = NETWORK + entries.map((entry) => `[[registration]]\n${entry}\n`).join("");
  const parsed = parseConfig(text, "bootqueue.toml");
  return parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path}: ${message}`);
}

const HOOK = 'name = "cmdb"\ntype = "hook"\nurl = "https://cmdb.example/ready"';
const NETBOX =
  'name = "netbox"\ntype = "netbox"\nurl = "https://netbox.example"\ntoken_file = "/t"\nsite = "home"\nrole = "node"\ndevice_type = "generic"';

describe("[[registration]]", () => {
  test("takes hooks and NetBox", () => {
    assert.deepEqual(problemsOf(HOOK, NETBOX), []);
  });

  for (const { what, entries, problem } of [
    {
      what: "NetBox without its settings",
      entries: [NETBOX.replace('site = "home"\n', "")],
      problem: /\[0\]\.site: missing/,
    },
    {
      what: "settings of the other type",
      entries: [`${HOOK}\nsite = "home"`],
      problem: /\[0\]\.site: this belongs to another/,
    },
    { what: "one name twice", entries: [HOOK, HOOK], problem: /\[1\]\.name: the name cmdb is taken/ },
    { what: "a path for an address", entries: [HOOK.replace("https:", "file:")], problem: /url: expected an address/ },
    {
      what: "a password in the address",
      entries: [HOOK.replace("https://", "https://me:secret@")],
      problem: /url: expected an address without user and password/,
    },
    { what: "another type", entries: [HOOK.replace("hook", "ralph")], problem: /type: expected .*"hook" or "netbox"/ },
  ]) {
    test(`refuses ${what}`, () => {
      const problems = problemsOf(...entries);
      assert.match(problems.join("\n"), problem);
      assert.doesNotMatch(problems.join("\n"), /me:secret/);
    });
  }

  test("refuses a secret that others may read, that is missing, or that is none", async () => {
    const file = join(folder, "secret");
    const problems = async () =>
      (
        await registrationFileProblems([{ name: "cmdb", type: "hook", url: "", server_types: {}, secret_file: file }])
      ).map(({ message }) => message);
    assert.match((await problems()).join(), /there is no such file/);
    await writeFile(file, "s3cret\n");
    await chmod(file, 0o644);
    assert.match((await problems()).join(), /expected mode 0600, found 0644/);
    await chmod(file, 0o600);
    assert.deepEqual(await problems(), []);
    await writeFile(file, "\n");
    assert.match((await problems()).join(), /expected one line/);
  });
});
