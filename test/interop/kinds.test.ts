import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { renderFinishScript } from "../../src/profiles/finish-script.ts";
import { renderYaml } from "../../src/profiles/yaml-text.ts";
import { fileOf } from "../support/answer-golden.ts";
import { EXAMPLES, exampleProfile } from "../support/kind-examples.ts";
import { HASH, LINKS, SSH_KEY, TARGET } from "../support/proxmox-profile.ts";

/** Programs that the installers themselves use, or their makers give to check what they are given. */

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "bootqueue-kinds-"));
after(() => rmSync(folder, { recursive: true }));

function written(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const UBUNTU = {
  "the example": {},
  "treacherous texts": {
    identity: { username: "on", realname: "No 12 30", password_hash: HASH },
    ssh: { authorized_keys: [SSH_KEY] },
    packages: ["0ad", "1e3x"],
    late_commands: ["yes: no # 0o7", "0x1F", "12:30:45", "2024-01-01", "~", "=", "a\nb\n", "[x]", "{y}"],
    user_data: { write_files: [{ path: "/x", content: "on", permissions: "0644" }], runcmd: [["echo", "no", "0755"]] },
  },
} as const;

describe("user-data of Ubuntu", () => {
  for (const [what, changes] of Object.entries(UBUNTU)) {
    test(`is valid to cloud-init, for ${what}`, async () => {
      const path = written("user-data", fileOf(exampleProfile("ubuntu", changes), "user-data"));
      const { stdout } = await run("cloud-init", ["schema", "--config-file", path]);
      assert.match(stdout, /Valid/);
    });

    test(`and so is what the installed system is given, for ${what}`, async () => {
      const text = fileOf(exampleProfile("ubuntu", changes), "user-data");
      const { autoinstall } = (await readByPython(text)) as { autoinstall: Record<string, unknown> };
      const path = written("installed", `#cloud-config\n${renderYaml(autoinstall["user-data"])}`);
      const { stdout } = await run("cloud-init", ["schema", "--config-file", path]);
      assert.match(stdout, /Valid/);
    });
  }

  test("is refused by cloud-init when it is not valid, so that these tests can fail", () => {
    const path = written("wrong", "#cloud-config\nphone_home: {post: 7}\nruncmd: no list\n");
    assert.notEqual(spawnSync("cloud-init", ["schema", "--config-file", path]).status, 0);
  });

  test("means to PyYAML, which the installer reads it with, what was said", async () => {
    const profile = exampleProfile("ubuntu", UBUNTU["treacherous texts"]);
    const { autoinstall } = (await readByPython(fileOf(profile, "user-data"))) as {
      autoinstall: { identity: { username: string }; packages: string[]; "late-commands": string[] };
    };
    const { identity, packages, late_commands } = UBUNTU["treacherous texts"];
    assert.equal(autoinstall.identity.username, identity.username);
    assert.deepEqual(autoinstall.packages, packages);
    assert.deepEqual(autoinstall["late-commands"].slice(0, -1), late_commands);
  });
});

test("renderYaml() means to PyYAML what was said, whatever the keys and texts are", async () => {
  const texts =
    "yes no on off y n null ~ = << .5 1e3 1.0e+3 0755 0o7 0x1F 1_000 12:30 52:54:00:12:34:56 2024-01-01 - ? *a &b !c | > % @ `".split(
      " ",
    );
  const hard = [
    ...texts,
    "",
    " ",
    "a: b # c",
    "x\ny\n",
    "\tx\n",
    "tab\t",
    "\x00\x7f\x85\u2028\ufeff",
    "grün 😀",
    "word ".repeat(60),
  ];
  const value = { texts: hard, keys: Object.fromEntries(hard.map((text, at) => [text, at])), big: 1e21, small: 1.5 };
  assert.deepEqual(await readByPython(renderYaml(value)), value);
});

describe("preseed of Debian", () => {
  for (const changes of [{}, { identity: { authorized_keys: [SSH_KEY] }, network: { source: "dhcp" } }]) {
    test(`is readable to debconf: ${JSON.stringify(Object.keys(changes))}`, async () => {
      const path = written("preseed.cfg", fileOf(exampleProfile("debian", changes), "preseed.cfg"));
      const { stderr } = await run("debconf-set-selections", ["--checkonly", path]);
      assert.equal(stderr, "");
    });
  }

  test("is refused by debconf when it is not, so that this test can fail", () => {
    const path = written("wrong.cfg", "d-i preseed/late_command\n");
    assert.notEqual(spawnSync("debconf-set-selections", ["--checkonly", path]).status, 0);
  });
});

test("the overlay of Alpine is an archive to tar, with the rights that it wants", async () => {
  const files = exampleProfile("alpine").files?.render(TARGET, LINKS);
  assert.ok(files?.ok);
  const path = written("overlay.tar.gz", files.value.get("overlay.apkovl.tar.gz")?.content ?? "");
  const { stdout } = await run("tar", ["--list", "--verbose", "--gzip", "--file", path]);
  assert.match(stdout, /^-rwx------ root\/root .* etc\/bootqueue\/install$/m);
  assert.match(stdout, /^lrwxrwxrwx root\/root .* etc\/runlevels\/default\/local -> \/etc\/init\.d\/local$/m);
});

describe("the script at the end of an install", () => {
  for (const shell of [["dash"], ["busybox", "sh"], ["bash", "--posix"]]) {
    test(`installs, runs the commands and reports, in ${shell[0]}`, async () => {
      const heard = await finishedBy(shell, ['printf "%s" "it\'s done" >"$ROOT/mark"']);
      assert.deepEqual(
        heard.map(({ path }) => path),
        ["/hook", "/installed"],
      );
      const report = heard[1]?.query;
      assert.equal(report?.get("machine_id"), "0a".repeat(16));
      assert.equal(report?.get("system"), "Debian GNU/Linux 12 (bookworm) & more=100%");
      assert.equal(report?.get("pub_key_ed25519"), SSH_KEY);
      assert.equal(report?.get("hostname"), "peach-beach.lab.example");
      assert.equal(readFileSync(join(folder, "root", "mark"), "utf8"), "it's done");
      assert.equal(readFileSync(join(folder, "root", "hooked"), "utf8"), "yes\n");
    });

    test(`tells of a command that failed, and of no end, in ${shell[0]}`, async () => {
      const heard = await finishedBy(shell, ["true", "exit 7"], 1);
      assert.deepEqual(
        heard.map(({ path }) => path),
        ["/failed"],
      );
      assert.equal(heard[0]?.query.get("reason"), "command 2 at the end of the install ended badly");
    });
  }

  test("is clean to shellcheck, in every kind", async () => {
    for (const name of EXAMPLES.keys()) {
      const profile = exampleProfile(name);
      const files = profile.files?.render(TARGET, LINKS);
      if (files === undefined || !files.ok) continue;
      // In an overlay they follow each other, each under its name.
      const scripts = [...files.value.values()].flatMap(
        ({ masked }) => masked.match(/^#!\/bin\/sh\n(?:(?!^--- )[\s\S])*?^exit 0$/gm) ?? [],
      );
      for (const script of scripts) {
        const path = written(`${name}.sh`, `${script}\n`);
        await run("shellcheck", ["--shell=sh", "--exclude=SC2015,SC2016", path]);
      }
    }
  });
});

async function readByPython(text: string): Promise<unknown> {
  const path = written("read.yaml", text);
  const program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))";
  const { stdout } = await run("python3", ["-c", program, path], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
  return JSON.parse(stdout);
}

/** What the appliance heard of a script that this shell ran. */
async function finishedBy(shell: readonly string[], commands: readonly string[], code = 0) {
  const heard: { path: string; query: URLSearchParams }[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    heard.push({ path: pathname, query: searchParams });
    response.end(pathname === "/hook" ? '#!/bin/sh\necho yes >"$BOOTQUEUE_ROOT/hooked"\n' : "thank you\n");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const root = join(folder, "root");
  mkdirSync(join(root, "etc", "ssh"), { recursive: true });
  writeFileSync(join(root, "etc", "machine-id"), `${"0a".repeat(16)}\n`);
  writeFileSync(join(root, "etc", "os-release"), 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm) & more=100%"\n');
  writeFileSync(join(root, "etc", "ssh", "ssh_host_ed25519_key.pub"), `${SSH_KEY}\n`);
  const plain = {
    ...LINKS.plain,
    installed: `${base}/installed`,
    failed: `${base}/failed`,
    firstBootScript: `${base}/hook`,
  };
  const script = renderFinishScript({ root, commands, hook: true }, TARGET, { ...LINKS, plain });
  const path = written("finish.sh", script);
  const [program = "", ...args] = shell;
  const ended = await run(program, [...args, path], { env: { ...process.env, ROOT: root, no_proxy: "*" } }).then(
    () => 0,
    (error: { code?: number }) => error.code,
  );
  await new Promise((resolve) => {
    server.close(resolve);
  });
  assert.equal(ended, code);
  return heard;
}
