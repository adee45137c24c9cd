import { randomInt } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { Config } from "../config/load.ts";
import { type InterfaceTable, interfaceBearing } from "../net/interfaces.ts";
import { openUdp } from "../net/open-udp.ts";
import type { OpenUdp } from "../net/udp-socket.ts";
import { formatProblem } from "../std/problem.ts";
import type { Result } from "../std/result.ts";
import { daemonAccount } from "./account.ts";
import { checkBootFiles } from "./boot-file-check.ts";
import { type CheckedConfig, configFindings } from "./config-check.ts";
import { type DaemonAnswer, type DaemonSilence, daemonFindings } from "./daemon-check.ts";
import { dhcpFindings, lookMac } from "./dhcp-check.ts";
import { lookForServers } from "./dhcp-look.ts";
import { httpFinding, tftpFinding } from "./fetch-check.ts";
import { type Finding, warning } from "./finding.ts";
import { folderFindings } from "./folder-check.ts";
import { networkFindings, type SocketUnit } from "./network-check.ts";
import { readSocketUnit } from "./socket-unit.ts";
import { clockFinding, stateFinding } from "./state-check.ts";

export interface Examination {
  readonly checked: CheckedConfig;
  /** null: it cannot be read, so nothing else is known. */
  readonly config: Config | null;
  /** null: unknown. */
  readonly socket: string | null;
  readonly askDaemon: () => Promise<Result<DaemonAnswer, DaemonSilence>>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** What it touches of this host, so that tests can bring their own. */
export interface Host {
  interfaces(): InterfaceTable;
  socketUnit(): Promise<SocketUnit | null>;
  readonly open: OpenUdp;
  readonly tftpPort: number;
  /** For each check, in milliseconds. */
  readonly patienceMs: number;
}

export const thisHost: Host = {
  interfaces: networkInterfaces,
  socketUnit: readSocketUnit,
  open: openUdp,
  tftpPort: 69,
  patienceMs: 9000,
};

/** Looks at the appliance from outside, at everything at the same time. Changes nothing. Never rejects. */
export async function examine(examination: Examination, host: Host = thisHost): Promise<readonly Finding[]> {
  const { checked, config, socket, nowMs } = examination;
  const answering = examination.askDaemon();
  const clock = clockFinding(nowMs);
  if (config === null) {
    const asked = await within("daemon", host.patienceMs, async () => daemonFindings(await answering, []));
    const rest = warning("the rest", "not looked at: it all depends on the configuration", "");
    return [...configFindings(checked), clock, ...asked, rest];
  }
  const { network, dhcp, http, paths } = config;
  const { address } = network;
  const account = await daemonAccount(socket);
  const { findings: bootFiles, present } = await checkBootFiles(paths.assets, dhcp.boot_files, account);
  const isDaemonThere = async () => (await answering).ok;
  const table = host.interfaces();
  const fetch = { address, assets: paths.assets, file: present[0] ?? null, isDaemonThere, patienceMs: host.patienceMs };
  const known = [...checked.warnings.map(formatProblem), ...bootFiles.map(({ words }) => words)].map(subjectOf);
  // Where nobody has the address, each of these would only say so again.
  const isHere = interfaceBearing(table, address) !== null;
  const onNetwork = (what: string, check: () => Promise<readonly Finding[]>) =>
    isHere
      ? within(what, host.patienceMs, check)
      : [warning(what, `not tried: this host does not bear ${address}`, "see `interface` above")];
  const found = await Promise.all([
    configFindings(checked),
    within("interface", host.patienceMs, async () =>
      networkFindings({
        table,
        address,
        interface: network.interface ?? null,
        allowSharedHost: network.allow_shared_host,
        isServing: await isDaemonThere(),
        socketUnit: await host.socketUnit(),
      }),
    ),
    [clock],
    within("state", host.patienceMs, () =>
      folderFindings({ what: "state", folder: paths.state, use: "write", account }),
    ),
    within("state", host.patienceMs, async () => [await stateFinding(paths.state, account, nowMs)]),
    within("assets", host.patienceMs, () =>
      folderFindings({ what: "assets", folder: paths.assets, use: "read", account }),
    ),
    bootFiles,
    within("daemon", host.patienceMs, async () => daemonFindings(await answering, known)),
    onNetwork("TFTP", async () => [await tftpFinding({ ...fetch, port: host.tftpPort })]),
    onNetwork("HTTP", async () => [await httpFinding({ ...fetch, port: http.port })]),
    onNetwork("DHCP", async () => {
      const [mac, xid] = [lookMac(address), randomInt(2 ** 32)];
      const looked = await lookForServers({ open: host.open, own: address, mac, xid, waitMs: host.patienceMs * 0.6 });
      const { mode, allow_other_servers: allowOtherServers } = dhcp;
      return dhcpFindings({ own: address, mode, allowOtherServers, looked });
    }),
  ]);
  return found.flat();
}

/** A check that hangs, such as on a network disk, must not keep the others' findings back. */
async function within(
  what: string,
  patienceMs: number,
  check: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    const words = `could not be looked at within ${Math.ceil(patienceMs / 1000)} seconds`;
    timer = setTimeout(() => resolve([warning(what, words, "is a disk or the network stuck?")]), patienceMs * 1.1);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (cause) {
    return [warning(what, `could not be looked at: ${(cause as Error).message}`, "")];
  } finally {
    clearTimeout(timer);
  }
}

/** Of a line such as `PATH is missing: WHAT THAT MEANS` the part that two lines about the same share. */
function subjectOf(words: string): string {
  return words.replace(/( is missing): .*$/s, "$1");
}
