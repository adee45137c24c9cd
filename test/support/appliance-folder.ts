import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { TestContext } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import { JsonFileStore } from "../../src/store/json-file-store.ts";
import { FakeClock } from "./fake-clock.ts";
import { answer, declaredSlots, RULES, reported, requested, seen } from "./queue-builder.ts";

/** Everything of an appliance that is on a disk, in a folder of its own: host 1 is ready, host 2 is installing. */
export interface ApplianceFolder {
  readonly folder: string;
  readonly config: string;
  readonly state: string;
  /** Saved and not yet folded, as by a daemon that runs. */
  readonly store: JsonFileStore;
  readonly queue: QueueState;
}

export async function applianceFolder(
  t: TestContext,
  events: readonly QueueEvent[] = EVENTS,
): Promise<ApplianceFolder> {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-backup-"));
  t.after(() => rm(folder, { recursive: true }));
  const [etc, state] = [join(folder, "etc"), join(folder, "state")];
  const files: Readonly<Record<string, readonly [text: string, mode: number]>> = {
    "etc/bootqueue.toml": [configText(folder), 0o640],
    "etc/profiles/pve.toml": ['kind = "proxmox"\n', 0o640],
    "etc/server-types/r640.toml": ['boot_disk = "/dev/sda"\n', 0o644],
    "etc/lab.password": ["secret of the cluster\n", 0o600],
    "state/clusters.json": ["{}\n", 0o600],
    "state/operator-token.sha256": [`${"0".repeat(64)}\n`, 0o600],
    "state/tls-key.pem": ["the key\n", 0o600],
    "state/tls-cert.pem": ["the certificate\n", 0o600],
    "state/join-keys/one.json": ["{}\n", 0o600],
    "state/timeline.jsonl": ["{}\n", 0o600],
    "state/lock": ["1\n", 0o600],
    "state/assets/snponly.efi": ["a boot loader\n", 0o644],
  };
  await mkdir(etc);
  for (const [name, [text, mode]] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text, { mode });
  }
  const clock = new FakeClock();
  const store = new JsonFileStore(join(state, "state.json"), clock);
  t.after(() => store.close().catch(() => {}));
  await store.load();
  let queue = EMPTY_QUEUE;
  for (const event of [{ type: "slots-declared", slots: declaredSlots(3) } as const, ...events]) {
    queue = transition(queue, event, clock.now(), RULES).state;
    await store.save(queue);
  }
  return { folder, config: join(etc, "bootqueue.toml"), state, store, queue };
}

const EVENTS = [seen(1), requested(1), answer(1), reported(1), seen(2), requested(2), answer(2)];

/** Every file below a folder, with its mode and its text, but for what is no part of an appliance's memory. */
export async function contentOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: Record<string, string> = {};
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (!entry.isFile() || name.endsWith("/lock") || name.includes("before-restore-")) continue;
    found[name] = `${((await stat(path)).mode & 0o777).toString(8)} ${await readFile(path, "utf8")}`;
  }
  return found;
}

function configText(folder: string): string {
  return `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[operator]
socket = "${folder}/bootqueue.sock"
[paths]
state = "${folder}/state"
assets = "${folder}/state/assets"
profiles = "${folder}/etc/profiles"
server_types = "${folder}/etc/server-types"
[[cluster]]
name = "lab"
password_file = "${folder}/etc/lab.password"
[[slot]]
ip = "10.11.0.2"
hostname = "node1"
profile = "pve"
`;
}
