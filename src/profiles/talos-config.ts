import { parseAllDocuments } from "yaml";
import { prefixLength } from "../net/ipv4-address.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { InstallTarget } from "./kind.ts";
import { dnsOf } from "./linux-network.ts";
import type { TalosSettings } from "./talos.ts";
import { renderYaml } from "./yaml-text.ts";

type Table = Readonly<Record<string, unknown>>;

/** A machine configuration: one document of version v1alpha1, and beside it others that are handed on. */
export interface MachineConfig {
  readonly main: Table;
  readonly others: readonly Table[];
}

export function parseMachineConfig(text: string): Result<MachineConfig, "not-a-machine-config"> {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0))
    return err("not-a-machine-config");
  const values = documents.map((document) => document.toJS() as unknown).filter((value) => value !== null);
  if (!values.every(isTable)) return err("not-a-machine-config");
  const mains = values.filter(({ version }) => version === "v1alpha1");
  const [main] = mains;
  if (main === undefined || mains.length > 1 || !isTable(main.machine) || !isTable(main.cluster)) {
    return err("not-a-machine-config");
  }
  return ok({ main, others: values.filter((value) => value !== main) });
}

/** With name, network and disk of this machine; whatever else is said of them stays. */
export function renderMachineConfig({ config, disk, network }: TalosSettings, target: InstallTarget): string {
  const machine = tableAt(config.main, "machine");
  const nic = {
    deviceSelector: { hardwareAddr: target.bootMac },
    ...(network.source === "dhcp"
      ? { dhcp: true }
      : {
          dhcp: false,
          addresses: [`${target.address}/${prefixLength(target.subnet)}`],
          routes: [{ network: "0.0.0.0/0", gateway: target.router }],
        }),
  };
  const { interfaces } = tableAt(machine, "network");
  const others = (Array.isArray(interfaces) ? interfaces : []).filter((each) => !isFor(each, target));
  const ofMachine = {
    ...machine,
    install: { ...tableAt(machine, "install"), disk },
    network: {
      ...tableAt(machine, "network"),
      hostname: target.hostname,
      interfaces: [...others, nic],
      ...(network.source === "dhcp" ? {} : { nameservers: dnsOf(network, target) }),
    },
  };
  return [{ ...config.main, machine: ofMachine }, ...config.others].map(renderYaml).join("---\n");
}

function isFor(nic: unknown, target: InstallTarget): boolean {
  const { hardwareAddr } = isTable(nic) ? tableAt(nic, "deviceSelector") : {};
  return typeof hardwareAddr === "string" && hardwareAddr.toLowerCase() === target.bootMac;
}

function tableAt(table: Table, key: string): Table {
  const value = table[key];
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
