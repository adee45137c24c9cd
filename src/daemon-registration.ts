import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { subnetAt } from "./boot/subnets.ts";
import type { Config } from "./config/load.ts";
import type { RegistrationEntry } from "./config/registrations.ts";
import { servedNetworks } from "./daemon-settings.ts";
import { prefixLength } from "./net/ipv4-address.ts";
import type { Engine } from "./queue/engine.ts";
import type { Host } from "./queue/host.ts";
import { changesBetween, type QueueState, slotOf } from "./queue/state.ts";
import { jsonHook } from "./registration/json-hook.ts";
import { jsonSender } from "./registration/json-request.ts";
import { netBox } from "./registration/netbox.ts";
import { Outbox } from "./registration/outbox.ts";
import type { ReadyNode } from "./registration/ready-node.ts";
import type { Registrar } from "./registration/registrar.ts";
import { systemClock } from "./std/clock.ts";
import type { Log } from "./std/log.ts";
import { RegistrationFile } from "./store/registration-file.ts";
import type { Tracer } from "./trace/footprint.ts";

/** null: the configuration names nobody who wants to know. Rejects when a file of its settings cannot be read. */
export async function openRegistration(
  engine: Engine,
  config: Config,
  tracer: Tracer,
  log: Log,
): Promise<Outbox | null> {
  if (config.registration.length === 0) return null;
  const store = new RegistrationFile(join(config.paths.state, "registrations.json"));
  const outbox = new Outbox(
    {
      registrars: await Promise.all(config.registration.map(registrarOf)),
      store,
      clock: systemClock,
      random: Math.random,
      readyNodes: () => readyNodes(engine.state, config),
      onAttempt: ({ registrar, state }, { bootMac }) => {
        const mac = bootMac as Host["bootMac"];
        const told = { mac, road: "daemon" } as const;
        if (state.type === "done")
          tracer.note({ ...told, outcome: "noted", what: `${registrar}: ${state.what}`, why: "" });
        else tracer.note({ ...told, outcome: "dropped", what: `${registrar}: not registered`, why: state.reason });
      },
      onSaveFailed: (why) =>
        log.warn("who was told of which host cannot be saved; after a restart some hear twice", { why }),
    },
    (await store.load()) ?? [],
  );
  let seen = engine.state;
  engine.subscribe((state) => {
    const before = seen;
    seen = state;
    const changed = changesBetween(before, state)?.hosts;
    const mayConcern =
      changed === undefined ||
      changed.gone.length > 0 ||
      changed.set.some(({ operations }) => operations.at(-1)?.ended !== null);
    if (mayConcern) outbox.look();
  });
  outbox.look();
  return outbox;
}

async function registrarOf(entry: RegistrationEntry): Promise<Registrar> {
  const send = jsonSender(entry.ca_file === undefined ? null : await readFile(entry.ca_file, "utf8"));
  const url = new URL(entry.url.endsWith("/") || entry.type === "hook" ? entry.url : `${entry.url}/`);
  const { name } = entry;
  switch (entry.type) {
    case "hook":
      return jsonHook({ name, url, secret: await secretIn(entry.secret_file) }, send, systemClock);
    case "netbox": {
      const { site = "", role = "", device_type: deviceType = "" } = entry;
      const serverTypes = Object.fromEntries(
        Object.entries(entry.server_types).map(([type, { role, device_type }]) => [
          type,
          {
            ...(role === undefined ? {} : { role }),
            ...(device_type === undefined ? {} : { deviceType: device_type }),
          },
        ]),
      );
      const token = (await secretIn(entry.token_file)) ?? "";
      return netBox({ name, url, token, site, role, deviceType, serverTypes }, send);
    }
  }
}

async function secretIn(file: string | undefined): Promise<string | null> {
  return file === undefined ? null : (await readFile(file, "utf8")).trim();
}

function readyNodes(state: QueueState, config: Config): readonly ReadyNode[] {
  const served = servedNetworks(config);
  return state.hosts.flatMap((host): readonly ReadyNode[] => {
    const slot = slotOf(state, host);
    if (host.state.type !== "ready" || slot === undefined) return [];
    const { domain, subnet } = subnetAt(served, slot.address) ?? served;
    return [
      {
        id: host.id,
        readyAt: host.state.since,
        hostname: slot.hostname,
        domain,
        address: slot.address,
        prefixLength: prefixLength(subnet),
        profile: slot.profile,
        labels: slot.labels,
        serverType: host.serverType,
        uuid: host.uuid,
        bootMac: host.bootMac,
        product: host.inventory?.board.product ?? null,
        serial: host.inventory?.board.serial ?? null,
        system: host.inventory?.system ?? null,
        nics: (host.inventory?.nics ?? []).map(({ name, mac }) => ({ name, mac })),
        disks: (host.inventory?.disks ?? []).map(({ device, model, serial, sizeBytes }) => ({
          device,
          model,
          serial,
          sizeBytes,
        })),
      },
    ];
  });
}
