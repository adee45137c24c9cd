import type { MacAddress } from "../net/mac-address.ts";
import { formatPath } from "../std/check-document.ts";
import type { Problem } from "../std/problem.ts";
import { macOfKey } from "./proxmox-fields.ts";
import type { ProxmoxSettings } from "./proxmox-settings.ts";

type Pinning = NonNullable<ProxmoxSettings["network"]["interface_name_pinning"]>;

const MAPPING = ["network", "interface_name_pinning", "mapping"];

/** Rules of `interface_name_pinning` by itself. `boot` counts as an address of its own. */
export function pinningProblems({ enabled, mapping }: Pinning): readonly Problem[] {
  const path = formatPath(MAPPING);
  if (!enabled && Object.keys(mapping).length > 0)
    return [{ path, message: "expected no mapping with enabled = false" }];
  const problems: Problem[] = [];
  const macs = new Set<string>();
  const names = new Set<string>();
  for (const [key, name] of Object.entries(mapping)) {
    const at = formatPath([...MAPPING, key]);
    const mac = macOfKey(key, NO_MAC);
    if (names.has(name)) problems.push({ path: at, message: `the name ${name} is given twice` });
    if (macs.has(mac)) problems.push({ path: at, message: `the MAC address ${mac} is there twice` });
    names.add(name);
    macs.add(mac);
  }
  return problems;
}

/** The same against the machine: `boot` must not name a NIC that has another name by its address. */
export function bootNicProblems(pinning: Pinning | undefined, bootMac: MacAddress): readonly Problem[] {
  const keys = Object.keys(pinning?.mapping ?? {}).filter((key) => macOfKey(key, bootMac) === bootMac);
  if (keys.length < 2) return [];
  const message = `${keys.join(" and ")} name the same NIC, the one that this machine booted from`;
  return [{ path: formatPath([...MAPPING, keys.find((key) => key !== "boot") ?? ""]), message }];
}

/**
 * The names of a machine with these NICs. The installer calls NICs without an entry `nic0`, `nic1` and so on by their
 * number in its list, and stops where that is a name of the mapping: so if the mapping has such a name, every NIC gets an
 * entry. Keys in lower case: releases before 9.1.7 do not know an address in capitals.
 */
export function pinnedNames(
  { enabled, mapping }: Pinning,
  bootMac: MacAddress,
  nics: readonly MacAddress[],
): Readonly<Record<string, string>> {
  const names = new Map(Object.entries(mapping).map(([key, name]) => [macOfKey(key, bootMac), name]));
  const taken = new Set(names.values());
  if (enabled && [...taken].some((name) => AUTOMATIC.test(name))) {
    let number = 0;
    for (const nic of nics.filter((mac) => !names.has(mac))) {
      while (taken.has(`nic${number}`)) number++;
      names.set(nic, `nic${number}`);
      taken.add(`nic${number}`);
    }
  }
  return Object.fromEntries(names);
}

const AUTOMATIC = /^nic\d+$/;

const NO_MAC = "00:00:00:00:00:00" as MacAddress;
