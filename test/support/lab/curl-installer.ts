import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../netboot-machine.ts";
import { installReport } from "../proxmox-installer.ts";
import { until } from "./bare-daemon.ts";
import { said, startUdhcpc } from "./dhcp-clients.ts";
import type { Lab } from "./lab.ts";

/** udhcpc takes a slot as firmware would, in the namespace `role`; how long it took, in milliseconds. */
export async function bootsByUdhcpc(lab: Lab, role: string): Promise<number> {
  const began = Date.now();
  const client = startUdhcpc(lab, role, `${role}-firmware`, { asFirmware: true });
  await until("its lease", () => /lease of 10\.11\.0\.\d+ obtained/.test(said(client)));
  await until("its script", () => /bound ip=/.test(said(client)));
  client.kill("SIGTERM");
  await client.ended;
  return Date.now() - began;
}

/** What its installer does, one step after the other: boot script, DHCP with option 250, answer file, report. */
export async function installsByCurl(lab: Lab, role: string, who: Machine): Promise<void> {
  const curl = (path: string, body?: unknown) => {
    const file = join(lab.folder, `${role}.json`);
    if (body !== undefined) writeFileSync(file, JSON.stringify(body));
    const post = body === undefined ? [] : ["--header", "Content-Type: application/json", "--data", `@${file}`];
    return lab.run(role, ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20", ...post, path]);
  };
  const base = "http://10.11.0.1";
  assert.match(curl(`${base}/ipxe/${who.host}`), /^#!ipxe/);
  // The installer's own DHCP tells it where the answer is.
  const client = startUdhcpc(lab, role, `${role}-installer`, { asFirmware: false, asks: [250, 251] });
  await until("the installer's lease", () => /opt250=[0-9a-f]+/.test(said(client)));
  client.kill("SIGTERM");
  await client.ended;
  const url = Buffer.from(/opt250=([0-9a-f]+)/.exec(said(client))?.[1] ?? "", "hex").toString();
  const request = {
    product: { product: "pve" },
    iso: { release: "9.1", isorelease: "1" },
    dmi: { system: {} },
    network_interfaces: who.macs.map((mac, n) => ({ link: `enp${n + 1}s0`, mac })),
  };
  const answer = curl(url, request);
  const webhook = /url = "([^"]*\/installed\/[^"]*)"/.exec(answer)?.[1];
  assert.ok(webhook, answer);
  curl(webhook, installReport(who));
}
