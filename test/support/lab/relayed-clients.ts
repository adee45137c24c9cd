import assert from "node:assert/strict";
import { type BareDaemon, until } from "./bare-daemon.ts";
import { said, startDhclient, startUdhcpc } from "./dhcp-clients.ts";
import type { Lab } from "./lab.ts";
import { plugIn } from "./wire-behind.ts";

/** A machine behind a relay, and what it ought to get there. */
export interface RelayedClient {
  /** The namespace of its wire. */
  readonly role: string;
  readonly mac: string;
  readonly address: string;
  /** What udhcpc's script is told besides its address: `mask=… router=…`. */
  readonly told?: string;
}

/** udhcpc as firmware: gets its address, renews it without the relay, and releases it. */
export async function leaseRenewAndRelease(lab: Lab, daemon: BareDaemon, machine: RelayedClient): Promise<void> {
  const { role, mac, address, told = "" } = machine;
  plugIn(lab, role, mac);
  const client = startUdhcpc(lab, role, "udhcpc", { asFirmware: true });
  const leases = () => said(client).split(`lease of ${address} obtained`).length - 1;
  await until("the lease", () => leases() === 1);
  await until("its script", () => said(client).includes("bound ip="));
  assert.ok(said(client).includes(`bound ip=${address} ${told}`), said(client));
  client.kill("SIGUSR1");
  await until("the renewal", () => leases() === 2);
  client.kill("SIGUSR2");
  await until("the RELEASE", async () => (await daemon.timeline()).some((line) => line.includes(" RELEASE ")));
  client.kill("SIGTERM");
}

/** dhclient as firmware, killed and started again: the same address, which it then asks for. `slots`: what is so after each start. */
export async function leaseTwice(lab: Lab, daemon: BareDaemon, machine: RelayedClient, slots: string): Promise<void> {
  const { role, mac, address } = machine;
  plugIn(lab, role, mac);
  for (const start of ["first", "second"]) {
    const client = startDhclient(lab, role, `dhclient-${start}`);
    await until(`the ${start} lease`, () => said(client).includes(`bound to ${address}`));
    client.kill("SIGKILL");
    await client.ended;
    if (start === "second") assert.ok(said(client).includes(`DHCPREQUEST for ${address} on eth0`), said(client));
    assert.equal(await daemon.slots(), slots);
  }
}

/** The same machine on another wire, with the leases that it got on the first one: refused, and left alone. */
export async function refusedElsewhere(lab: Lab, daemon: BareDaemon, mac: string, from: string, to: string) {
  plugIn(lab, to, mac);
  lab.run(to, ["cp", `${lab.folder}/${from}.leases`, `${lab.folder}/${to}.leases`]);
  const client = startDhclient(lab, to, "dhclient-carried");
  await until("the NAK", () => said(client).includes("DHCPNAK from 10."));
  await until("silence", async () =>
    (await daemon.timeline()).some((line) => line.includes("another network than the one its slot is in")),
  );
  client.kill("SIGKILL");
  await client.ended;
}
