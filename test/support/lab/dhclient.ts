import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";

/** What one more client on the boot network looks like. */
export interface DhclientOptions {
  readonly mac: string;
  /** Of the firmware it claims to be, with its SMBIOS UUID; left out: it is a laptop. */
  readonly pxe?: { readonly architecture: number; readonly uuid: string };
  readonly seconds: number;
}

/** Lets ISC dhclient ask for an address on the boot network for a while. null: it got none. */
export async function askWithDhclient(lab: Lab, role: string, options: DhclientOptions): Promise<string | null> {
  const { mac, pxe, seconds } = options;
  lab.addNamespace(role);
  lab.connect(role, "eth0", "lan", null);
  lab.run(role, ["ip", "link", "set", "eth0", "address", mac]);
  const path = (name: string) => join(lab.folder, `${role}.${name}`);
  writeFileSync(path("conf"), pxe === undefined ? "" : pxeLines(pxe));
  writeFileSync(path("leases"), "");
  const client = lab.start(role, `${role}.dhclient`, [
    ...["timeout", "--signal=KILL", String(seconds), "dhclient", "-d", "-1", "-v", "-cf", path("conf")],
    ...["-lf", path("leases"), "-pf", path("pid"), "-sf", "/bin/true", "eth0"],
  ]);
  // -1 ends it when nobody has answered for as long as its configuration says; the time-out is for the rest.
  await client.ended;
  return /fixed-address ([\d.]+);/.exec(lab.run(role, ["cat", path("leases")]))?.[1] ?? null;
}

function pxeLines({ architecture, uuid }: { readonly architecture: number; readonly uuid: string }): string {
  const octets = wireOrder(uuid).match(/../g)?.join(":");
  return `option arch code 93 = unsigned integer 16;
option guid code 97 = string;
send vendor-class-identifier "PXEClient:Arch:${String(architecture).padStart(5, "0")}:UNDI:003001";
send arch ${architecture};
send guid 00:${octets};
`;
}

/** The first three fields of a UUID are little-endian in option 97, as in SMBIOS (RFC 4578 §2.3). */
function wireOrder(uuid: string): string {
  const turned = (field: string) => field.match(/../g)?.reverse().join("") ?? "";
  return uuid
    .split("-")
    .map((field, index) => (index < 3 ? turned(field) : field))
    .join("");
}
