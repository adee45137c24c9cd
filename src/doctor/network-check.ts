import { type InterfaceTable, interfaceBearing, otherIpv4Interfaces, refusalToServe } from "../net/interfaces.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";

export interface NetworkCheck {
  readonly table: InterfaceTable;
  readonly address: Ipv4Address;
  /** null: the interface that bears `address`. */
  readonly interface: string | null;
  readonly allowSharedHost: boolean;
  /** true: the daemon runs, so its sockets are as they must be or it was told to do without. */
  readonly isServing: boolean;
  /** What the unit of the DHCP socket says (systemd.socket(5), `BindToDevice=`); null: no units are installed. */
  readonly socketUnit: SocketUnit | null;
}

export interface SocketUnit {
  /** null: it is bound to none, and hears all networks of the host. */
  readonly device: string | null;
}

/** Is this the host, and the interface, that the configuration speaks of? */
export function networkFindings(check: NetworkCheck): readonly Finding[] {
  const { table, address, allowSharedHost, isServing, socketUnit } = check;
  const bearer = interfaceBearing(table, address);
  const wrong = refusalToServe(table, { address, interface: check.interface, allowSharedHost: true }, false);
  if (wrong !== null || bearer === null)
    return [problem(WHAT, wrong ?? "", "give the interface that address, or correct [network] in the configuration")];
  const found = [fine(WHAT, `${bearer} bears ${address}`)];
  const device = socketUnit?.device ?? null;
  if (device !== null && device !== bearer) {
    const words = `the sockets of systemd are bound to ${device}, and ${address} is on ${bearer}`;
    found.push(problem(WHAT, words, `\`scripts/install --interface=${bearer} --address=${address}\` binds them anew`));
  }
  const others = otherIpv4Interfaces(table, bearer).join(", ");
  if (others === "") return found;
  const shared = `this host is also on other networks (${others})`;
  if (allowSharedHost) {
    const words = `${shared}, and network.allow_shared_host lets their machines be answered too if systemd passes no sockets`;
    return [
      ...found,
      warning(WHAT, words, `start it with \`systemctl start bootqueue\`, whose sockets hear ${bearer} alone`),
    ];
  }
  if (isServing || device !== null)
    return [...found, fine(WHAT, `${shared}; sockets from systemd hear ${device ?? bearer} alone`)];
  const words = `${shared}, and without sockets from systemd the daemon refuses to start`;
  return [...found, problem(WHAT, words, "install its units with `scripts/install`, or set network.allow_shared_host")];
}

const WHAT = "interface";
