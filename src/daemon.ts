import { mkdir } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { cutOffRestore } from "./backup/under-way.ts";
import { previewAnswer } from "./boot/answer-preview.ts";
import type { ForeignServers } from "./boot/foreign-servers.ts";
import type { InstallSite } from "./boot/installation.ts";
import { LoopBreaker } from "./boot/loop-breaker.ts";
import { Sightings } from "./boot/sightings.ts";
import { Urls } from "./boot/urls.ts";
import { openAddresses } from "./daemon-addresses.ts";
import { type ClusterParts, openCluster } from "./daemon-cluster.ts";
import { lostState } from "./daemon-lost-state.ts";
import { lookForFiles } from "./daemon-missing-files.ts";
import { type NetbootParts, openDhcp, openHttp, openTftp } from "./daemon-netboot.ts";
import { createOperatorApps, serveOperator } from "./daemon-operator.ts";
import type { Pool } from "./daemon-pool.ts";
import { createPowerDesk, type PowerDesk, powerSwitches } from "./daemon-power.ts";
import { openRegistration } from "./daemon-registration.ts";
import {
  declaredSlots,
  installSite,
  keptUntilRestart,
  loadSettings,
  nameWarnings,
  needsRestart,
  queueRules,
  type Settings,
} from "./daemon-settings.ts";
import type { PassedSockets } from "./daemon-sockets.ts";
import { certificatesFor, TlsKeeper, tlsEndpoint } from "./daemon-tls.ts";
import { createForeignServers, watchForeignServers } from "./daemon-watch.ts";
import { createRunEffect } from "./effects.ts";
import type { Certificates } from "./http/certificates.ts";
import { refusalToServe } from "./net/interfaces.ts";
import { socketsFromSystemd } from "./net/systemd-sockets.ts";
import { watchPassages } from "./passages.ts";
import { Engine } from "./queue/engine.ts";
import type { HostId } from "./queue/host.ts";
import { EMPTY_QUEUE, findHost, type QueueState } from "./queue/state.ts";
import type { Outbox } from "./registration/outbox.ts";
import { RemoteInstalls } from "./remote-installs.ts";
import { reachable, runCommand } from "./run-command.ts";
import { systemClock } from "./std/clock.ts";
import { jsonLog, type Log } from "./std/log.ts";
import { formatProblem } from "./std/problem.ts";
import { JsonFileStore } from "./store/json-file-store.ts";
import { lockFolder } from "./store/lock.ts";
import { SystemdNotify } from "./systemd-notify.ts";
import { readTimeline, TimelineFile } from "./trace/timeline-file.ts";
import { Trace } from "./trace/trace.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the daemon until it is told to stop (SIGTERM, SIGINT) or cannot save any more.
 * The answer is the exit code: 0 stopped, 1 broken, 2 the configuration is wrong.
 */
export async function serve(configPath: string): Promise<number> {
  const settings = await loadSettings(configPath);
  if (!settings.ok) {
    for (const problem of settings.error) process.stderr.write(`${formatProblem(problem)}\n`);
    return 2;
  }
  const log = jsonLog((line) => void process.stdout.write(line), settings.value.config.log.level);
  let daemon: Daemon | null = null;
  try {
    daemon = new Daemon(settings.value, configPath, log, await certificatesFor(settings.value.config));
    await daemon.open();
  } catch (error) {
    await daemon?.close();
    process.stderr.write(`bootqueue: cannot start: ${(error as Error).message}\n`);
    return 1;
  }
  return await daemon.ended;
}

/** Builds every part, connects them, and closes them in the opposite order. */
class Daemon {
  /** Resolves with the exit code when everything is closed. */
  readonly ended: Promise<number>;
  #end: (code: number) => void = () => {};
  /** What closes each part, in the order in which they were opened. */
  readonly #closers: (() => unknown)[] = [];
  #isStopping = false;
  #settings: Settings;
  #site: InstallSite;
  /** Files that machines will ask for and that are not there. */
  #missing: readonly string[] = [];
  readonly #configPath: string;
  readonly #log: Log;
  /** null: no HTTPS is wanted. */
  readonly #certificates: Certificates | null;
  readonly #urls: Urls;
  readonly #trace: Trace;
  readonly #sightings = new Sightings();
  readonly #loops: LoopBreaker;
  readonly #foreign: ForeignServers;
  /** null: not opened yet. */
  #cluster: ClusterParts | null = null;
  /** null: there is none. */
  #pool: Pool | null = null;
  /** null: nobody wants to know who is ready. */
  #outbox: Outbox | null = null;
  readonly #power: PowerDesk;
  /** null: there is no HTTPS. */
  #tls: TlsKeeper | null = null;
  readonly #systemd: SystemdNotify;
  readonly #startedAt = systemClock.now();

  constructor(settings: Settings, configPath: string, log: Log, certificates: Certificates | null) {
    this.#certificates = certificates;
    this.#settings = settings;
    this.#configPath = configPath;
    this.#log = log;
    const { network, http } = settings.config;
    const tls = certificates === null ? null : tlsEndpoint(http.tls_port ?? 443, certificates);
    this.#urls = new Urls(network.address, http.port, tls);
    this.#site = installSite(settings, this.#urls);
    this.#trace = new Trace(systemClock, log);
    this.#loops = new LoopBreaker(systemClock, this.#trace);
    this.#foreign = createForeignServers(settings.config, this.#trace);
    this.#power = createPowerDesk(settings.config.powerTargets, network.address);
    this.#systemd = new SystemdNotify(process.env, log);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async open(): Promise<void> {
    const opening = this.#openAll();
    this.#listenToSignals(opening);
    await opening;
  }

  async #openAll(): Promise<Engine> {
    const { network, paths } = this.#settings.config;
    const passed = socketsFromSystemd(process.env, process.pid);
    const served = {
      address: network.address,
      interface: network.interface ?? null,
      allowSharedHost: network.allow_shared_host,
    };
    const refusal = refusalToServe(networkInterfaces(), served, passed.has("dhcp"));
    if (refusal !== null) throw new Error(refusal);

    await mkdir(paths.state, { recursive: true, mode: 0o700 });
    const lock = await lockFolder(paths.state);
    this.#closers.push(() => lock.release());
    const cutOff = await cutOffRestore(paths.state);
    if (cutOff !== null) throw new Error(cutOff);
    // It takes some seconds; meanwhile everything but DHCP is opened.
    const watching = watchForeignServers(this.#foreign, this.#settings.config, passed, this.#log);
    watching.catch(() => {});
    this.#closers.push(() => {
      this.#foreign.stop();
      return watching.then(
        (close) => close(),
        () => {},
      );
    });
    await this.#openTimeline();
    const engine = await this.#openEngine();
    await this.#findMissingFiles();
    if (this.#certificates !== null) this.#tls = new TlsKeeper(this.#certificates, engine, this.#trace);
    await this.#tls?.dropUnused();
    const looking = setInterval(() => {
      // The alarms of the queue trust the clock; this finds out when it was set.
      engine.dispatch({ type: "clock-checked" }).catch(() => {});
      void this.#findMissingFiles();
      void this.#tls?.dropUnused();
    }, LOOK_AGAIN_MS);
    this.#closers.push(() => clearInterval(looking));
    this.#pool = await openAddresses({
      engine,
      config: this.#settings.config,
      trace: this.#trace,
      log: this.#log,
      opened: (close) => this.#closers.push(close),
      onBroken: () => void this.#stop(1),
    });
    this.#outbox = await openRegistration(engine, this.#settings.config, this.#trace, this.#log);
    this.#closers.push(() => this.#outbox?.stop());
    await this.#openOperator(engine, passed);
    const netboot = this.#netboot(engine, passed);
    await openHttp(netboot);
    await openTftp(netboot);
    await watching;
    await openDhcp(netboot, this.#pool?.policy ?? null);
    const remote = new RemoteInstalls({
      engine,
      site: () => this.#site,
      reach: reachable,
      run: runCommand,
      log: this.#log,
    });
    remote.start(REMOTE_LOOK_MS);
    this.#closers.push(() => remote.close());
    this.#trace.note({ mac: null, road: "daemon", outcome: "noted", what: `bootqueue ${VERSION} started`, why: "" });
    const { slots, hosts } = engine.state;
    this.#log.info("ready", { address: network.address, slots: slots.length, hosts: hosts.length });
    this.#systemd.ready(`serving ${network.subnet} with ${slots.length} slots`);
    return engine;
  }

  /** Closes everything that was opened, the last first. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.#log.error("a part of the daemon did not close", { why: (error as Error).message });
      }
    }
  }

  async #stop(code: number): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#systemd.stopping();
    this.#log.info("stopping");
    await this.close();
    this.#end(code);
  }

  async #openTimeline(): Promise<void> {
    const path = join(this.#settings.config.paths.state, "timeline.jsonl");
    this.#trace.recall(await readTimeline(path, RECALLED_MAX));
    const timeline = new TimelineFile(path, systemClock, this.#log);
    this.#closers.push(() => timeline.close());
    this.#trace.subscribe((entry) => timeline.append(entry));
  }

  async #openEngine(): Promise<Engine> {
    const store = new JsonFileStore(join(this.#settings.config.paths.state, "state.json"), systemClock);
    this.#closers.push(() => store.close());
    const saved = await store.load();
    const lost = saved === null ? await lostState(this.#settings.config.paths.state) : null;
    if (lost !== null) throw new Error(lost);
    const state = saved ?? EMPTY_QUEUE;
    const cluster = await openCluster(
      this.#settings.config.paths.state,
      () => this.#settings.config,
      () => engine,
      this.#log,
    );
    this.#cluster = cluster;
    const engine: Engine = new Engine({
      state,
      rules: queueRules(this.#settings),
      store,
      clock: systemClock,
      runEffect: createRunEffect(cluster.joins, (effect) => void this.#power.switchForInstall(engine, effect)),
      onBroken: (cause) => {
        const why = (cause as Error).message;
        this.#log.error("the state cannot be saved; stopping, because nothing may be answered that is not on disk", {
          why,
        });
        void this.#stop(1);
      },
    });
    engine.subscribe(watchPassages(state, this.#trace));
    await engine.dispatch({ type: "slots-declared", slots: declaredSlots(this.#settings.config) });
    await engine.start();
    this.#closers.push(() => engine.stop());
    this.#closers.push(() => this.#power.close());
    cluster.start(engine);
    this.#closers.push(() => cluster.close());
    return engine;
  }

  #netboot(engine: Engine, passed: PassedSockets): NetbootParts {
    return {
      engine,
      passed,
      settings: this.#settings,
      site: () => this.#site,
      urls: this.#urls,
      sightings: this.#sightings,
      loops: this.#loops,
      foreign: this.#foreign,
      certificates: this.#certificates,
      joinKeys: this.#cluster?.joins.answerKeys(),
      trace: this.#trace,
      log: this.#log,
      opened: (close) => this.#closers.push(close),
    };
  }

  /** For people: the page and the API on the network, and everything on root's socket. */
  async #openOperator(engine: Engine, passed: PassedSockets): Promise<void> {
    const { operator, network, paths } = this.#settings.config;
    const apps = await createOperatorApps({
      engine,
      trace: this.#trace,
      log: this.#log,
      stateFolder: paths.state,
      hostnames: [hostname(), `${hostname()}.${network.domain}`],
      about: () => this.#about(engine.state),
      previewAnswer: (host) => this.#previewAnswer(engine, host),
      site: () => this.#site,
      notReady: () => this.#missing,
      power: powerSwitches(this.#power, engine),
      leases: () => this.#pool?.book ?? null,
      registrations: () => this.#outbox,
      tls: this.#tls,
    });
    await serveOperator(apps, operator, passed, (close) => this.#closers.push(close));
  }

  /** From the first moment on: one that comes while the daemon is still opening takes effect when it is open. */
  #listenToSignals(opening: Promise<Engine>): void {
    const reload = () =>
      void opening.then(
        (engine) => this.#reload(engine),
        () => {},
      );
    const stop = () => {
      // Whoever says it again does not want to wait until everything is opened or closed.
      process.off("SIGTERM", stop).off("SIGINT", stop).off("SIGHUP", reload);
      void opening.then(
        () => this.#stop(0),
        () => {},
      );
    };
    process.on("SIGTERM", stop).on("SIGINT", stop).on("SIGHUP", reload);
  }

  /** Reads the configuration again. One that is wrong is refused, and the old one stays. */
  async #reload(engine: Engine): Promise<void> {
    const settings = await loadSettings(this.#configPath);
    if (!settings.ok) {
      const problems = settings.error.map(formatProblem);
      this.#log.error("the new configuration is wrong; the old one stays", { problems });
      this.#trace.note({
        mac: null,
        road: "daemon",
        outcome: "dropped",
        what: "reload refused",
        why: problems.join("; "),
      });
      return;
    }
    const fixed = needsRestart(this.#settings.config, settings.value.config);
    if (fixed.length > 0) this.#log.warn("these sections take effect at the next start", { sections: fixed });
    this.#settings = keptUntilRestart(this.#settings, settings.value, fixed);
    this.#site = installSite(this.#settings, this.#urls);
    engine.useRules(queueRules(this.#settings));
    this.#power.useTargets(this.#settings.config.powerTargets);
    await engine.dispatch({ type: "slots-declared", slots: declaredSlots(this.#settings.config) });
    await this.#findMissingFiles();
    this.#trace.note({ mac: null, road: "daemon", outcome: "noted", what: "configuration read again", why: "" });
    this.#log.info("reloaded", { slots: engine.state.slots.length });
  }

  async #findMissingFiles(): Promise<void> {
    const { images, missing } = await lookForFiles(this.#settings);
    this.#site = { ...this.#site, images };
    for (const message of missing) if (!this.#missing.includes(message)) this.#log.warn(message);
    this.#missing = missing;
  }

  #about(state: QueueState) {
    const { network, dhcp, http, operator } = this.#settings.config;
    return {
      version: VERSION,
      mode: dhcp.mode,
      startedAt: this.#startedAt,
      listen: [
        { what: "DHCP", address: `${network.address}:67` },
        { what: "TFTP", address: `${network.address}:69` },
        { what: "machines", address: `http://${network.address}:${http.port}` },
        { what: "page and API", address: `http://${operator.listen.address}:${operator.listen.port}` },
      ],
      warnings: [
        ...this.#missing,
        ...nameWarnings(state, this.#settings.config),
        ...this.#loops.warnings(),
        ...this.#foreign.warnings(),
        ...(this.#cluster?.warnings() ?? []),
        ...(this.#pool?.policy.warnings() ?? []),
        ...(this.#tls?.warnings() ?? []),
      ],
    };
  }

  /** As it would be served to the newest installer that this profile knows. */
  #previewAnswer(engine: Engine, id: HostId): string | null {
    const host = findHost(engine.state, id);
    if (host === undefined || host.attempt === null || host.slot === null) return null;
    const preview = previewAnswer(engine.state, host, this.#site);
    return preview.ok ? preview.value.answer.masked : preview.error.map(formatProblem).join("\n");
  }
}

/** Footprints of earlier runs that are shown again after a restart. */
const RECALLED_MAX = 2000;
const LOOK_AGAIN_MS = 30_000;
/** Machines that wait for a command of ours, or cannot tell that they are up, are looked for this often. */
const REMOTE_LOOK_MS = 5000;
