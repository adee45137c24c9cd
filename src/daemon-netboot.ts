import type { Server as TlsServer } from "node:https";
import type { BootTurnParts } from "./boot/boot-turn.ts";
import type { StandardMode } from "./boot/dhcp-mode.ts";
import { SlotDhcpPolicy } from "./boot/dhcp-policy.ts";
import { FloodGuard } from "./boot/flood-guard.ts";
import type { ForeignServers } from "./boot/foreign-servers.ts";
import { type InstallSite, installationOf } from "./boot/installation.ts";
import type { LoopBreaker } from "./boot/loop-breaker.ts";
import { NetbootFiles } from "./boot/netboot-files.ts";
import type { PoolPolicy } from "./boot/pool-policy.ts";
import type { Sightings } from "./boot/sightings.ts";
import { SparingTracer } from "./boot/sparing-tracer.ts";
import { AssetTftpFiles } from "./boot/tftp-files.ts";
import { tftpFootprints } from "./boot/tftp-footprint.ts";
import type { Urls } from "./boot/urls.ts";
import { machineFiles, machineListener, machineServer, remoteAddress } from "./daemon-machines.ts";
import { type Settings, servedNetworks } from "./daemon-settings.ts";
import { closeServer, listen, openDhcpSockets, openTftpSocket, type PassedSockets } from "./daemon-sockets.ts";
import { noteRefusals, showEachItsOwn, tlsOptions } from "./daemon-tls.ts";
import { serveDhcp } from "./dhcp/server.ts";
import { newAttemptToken } from "./http/attempt-tokens.ts";
import type { Certificates } from "./http/certificates.ts";
import { createMachineApp } from "./http/machine-app.ts";
import type { Ipv4Address } from "./net/ipv4-address.ts";
import type { MacAddress } from "./net/mac-address.ts";
import { openUdp } from "./net/open-udp.ts";
import { parseSystemUuid } from "./net/system-uuid.ts";
import type { Engine } from "./queue/engine.ts";
import { findHostByMac, findMacAt } from "./queue/state.ts";
import { systemClock } from "./std/clock.ts";
import type { Log } from "./std/log.ts";
import { serveTftp } from "./tftp/server.ts";
import type { Footprint, Tracer } from "./trace/footprint.ts";
import type { Trace } from "./trace/trace.ts";

/** What machines boot and install from, and all that it is built of. */
export interface NetbootParts {
  readonly engine: Engine;
  readonly passed: PassedSockets;
  /** As they were at the start: none of the sections used here changes before the next one. */
  readonly settings: Settings;
  readonly site: () => InstallSite;
  readonly urls: Urls;
  readonly sightings: Sightings;
  readonly loops: LoopBreaker;
  readonly foreign: ForeignServers;
  /** null: no HTTPS is wanted. */
  readonly certificates: Certificates | null;
  readonly joinKeys: Parameters<typeof createMachineApp>[0]["joinKeys"];
  readonly trace: Trace;
  readonly log: Log;
  /** Told of each part as soon as it is open, also when the next one then cannot be opened. */
  readonly opened: (close: () => unknown) => void;
}

/** `pool`: for clients that boot nothing; null: there is none. */
export async function openDhcp(parts: NetbootParts, pool: PoolPolicy | null): Promise<void> {
  const { engine, settings, site, urls, sightings, loops, foreign, trace, log } = parts;
  const { network, dhcp } = settings.config;
  const sockets = await openDhcpSockets(network.address, parts.passed);
  parts.opened(() => Promise.all([sockets.own.close(), sockets.broadcast?.close(), sockets.bootServer?.close()]));
  const policy = new SlotDhcpPolicy({
    queue: engine,
    tracer: trace,
    terms: {
      ...servedNetworks(settings.config),
      leaseSeconds: network.lease_seconds,
      extra: dhcp.options.map(({ code, hex }) => ({ code, bytes: Buffer.from(hex, "hex"), onlyIfAsked: false })),
    },
    rungs: {
      nextServer: network.address,
      bootFiles: dhcp.boot_files,
      urls,
      askBootServer: new Set(dhcp.proxy_asks_4011),
    },
    newToken: newAttemptToken,
    bogusUuids: new Set(dhcp.bogus_uuids.flatMap((text) => parseSystemUuid(text) ?? [])),
    provisioned: dhcp.provisioned,
    scriptOf: (host) => installationOf(engine.state, host, site())?.profile.script() ?? null,
    usesDhcpOnceInstalled: (profile) => site().profiles.get(profile)?.usesDhcpOnceInstalled() ?? false,
    mode: standardMode(settings),
    wantsSecureBoot: (profile) => site().profiles.get(profile)?.secureBoot ?? false,
    sightings,
    loops,
    flood: new FloodGuard(systemClock, trace),
    foreign,
    pool,
    hasMenu: () => site().menu !== null,
  });
  serveDhcp(sockets, policy, network.address, log);
}

export async function openTftp(parts: NetbootParts): Promise<void> {
  const { settings, loops, log } = parts;
  const { network, dhcp, paths, tftp } = settings.config;
  const socket = await openTftpSocket(network.address, parts.passed);
  parts.opened(() => socket.close());
  const limits = {
    blksizeMax: tftp.blksize_max,
    windowsizeMax: tftp.windowsize_max,
    transfersMax: tftp.transfers_max,
  };
  const macOf = (address: Ipv4Address) => macAt(parts, address);
  const observer = tftpFootprints(sparing(parts, "tftp"), macOf);
  const files = new NetbootFiles({
    ...bootTurn(parts),
    assets: new AssetTftpFiles(paths.assets),
    loops,
    loaders: new Set(Object.values(dhcp.boot_files)),
    macAt: macOf,
  });
  const options = { observer, address: network.address, singlePort: tftp.single_port };
  const serving = serveTftp(socket, openUdp, files, limits, systemClock, log, options);
  parts.opened(() => serving.close());
}

/** For machines: boot scripts, assets, answers, reports. */
export async function openHttp(parts: NetbootParts): Promise<void> {
  const { engine, passed, settings, urls, loops, certificates, joinKeys } = parts;
  const tracer = sparing(parts, "http");
  const { network, http, paths, dhcp } = settings.config;
  const { provisioned } = dhcp;
  const shared = { ...bootTurn(parts), tracer, remoteAddress, provisioned };
  const app = createMachineApp(joinKeys === undefined ? shared : { ...shared, joinKeys });
  const files = machineFiles({
    root: paths.assets,
    tracer,
    macAt: (address) => macAt(parts, address),
    loaderSent: (mac, path) => {
      if (Object.values(dhcp.boot_files).includes(path)) loops.sent(mac, urls.asset(path));
    },
  });
  const listener = machineListener(app.fetch, files);
  const server = machineServer(listener);
  const fd = passed.get("http");
  await listen(server, fd === undefined ? { host: network.address, port: http.port } : { fd });
  parts.opened(() => closeServer(server));
  if (certificates === null || http.tls_port === undefined) return;
  const secure = machineServer(listener, tlsOptions(certificates.current));
  const certificateOf = (address: Ipv4Address) => {
    const mac = macAt(parts, address);
    const host = mac === null ? undefined : findHostByMac(engine.state, mac);
    return certificates.at(host?.attempt?.armedAt ?? null);
  };
  showEachItsOwn(secure as TlsServer, certificateOf);
  noteRefusals(secure as TlsServer, tracer, (address) => macAt(parts, address), certificateOf);
  const secureFd = passed.get("https");
  await listen(secure, secureFd === undefined ? { host: network.address, port: http.tls_port } : { fd: secureFd });
  parts.opened(() => closeServer(secure));
}

/** For roads on which anybody may ask for anything. */
function sparing({ engine, trace }: NetbootParts, road: Footprint["road"]): Tracer {
  return new SparingTracer(systemClock, trace, road, (mac) => findHostByMac(engine.state, mac) !== undefined);
}

/** What both a boot loader that speaks HTTP and one that speaks TFTP need to be told what to boot. */
function bootTurn({ engine, settings, site, sightings }: NetbootParts): BootTurnParts {
  return {
    queue: engine,
    site,
    mode: standardMode(settings),
    sightings,
    newToken: newAttemptToken,
  };
}

/** Of a slot, or one that another DHCP server gave. */
function macAt({ engine, sightings }: NetbootParts, address: Ipv4Address): MacAddress | null {
  return findMacAt(engine.state, address) ?? sightings.macAt(address);
}

function standardMode({ config }: Settings): StandardMode {
  return config.dhcp.mode === "proxy" ? "proxy" : "full";
}
