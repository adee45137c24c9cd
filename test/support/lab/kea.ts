import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./bare-daemon.ts";
import { said } from "./dhcp-clients.ts";
import type { Lab, LabProcess } from "./lab.ts";

/** Kea's DHCP server on `eth0` of a namespace, as in a company's network: it gives addresses and knows nothing of netboot. */
export async function startKea(lab: Lab, role: string): Promise<LabProcess> {
  const folder = join(lab.folder, "kea");
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "kea-dhcp4.json");
  const dhcp4 = {
    "interfaces-config": { interfaces: ["eth0"], "re-detect": false },
    "lease-database": { type: "memfile", persist: false },
    "valid-lifetime": 3600,
    authoritative: true,
    subnet4: [
      {
        id: 1,
        subnet: "10.11.0.0/22",
        pools: [{ pool: "10.11.2.10 - 10.11.2.99" }],
        "option-data": [{ name: "routers", data: "10.11.3.254" }],
      },
    ],
    loggers: [{ name: "kea-dhcp4", severity: "INFO", output_options: [{ output: "stdout" }] }],
  };
  writeFileSync(config, JSON.stringify({ Dhcp4: dhcp4 }));
  const places = [`KEA_PIDFILE_DIR=${folder}`, `KEA_LOCKFILE_DIR=${folder}`];
  const kea = lab.start(role, "kea", ["env", ...places, "kea-dhcp4", "-c", config]);
  await until("Kea", () => {
    if (!kea.isRunning) throw new Error(said(kea));
    return said(kea).includes("DHCP4_STARTED");
  });
  return kea;
}
