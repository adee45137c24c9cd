import { Hono } from "hono";
import { describedType } from "../boot/machine-settings.ts";
import { parseMacAddress } from "../net/mac-address.ts";
import type { Host } from "../queue/host.ts";
import { hostOf } from "../queue/state.ts";
import { formatInstant } from "../std/clock.ts";
import type {
  HostDetailView,
  HostsView,
  InventoryView,
  LeasesView,
  RebuildPlanView,
  RebuildsView,
  RegistrationsView,
  SlotsView,
  StatusView,
  TargetsView,
  TimelineView,
} from "./contract.ts";
import { leasesView } from "./lease-view.ts";
import { operationView } from "./operation-view.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { resolveHost } from "./operator-references.ts";
import { fail } from "./operator-replies.ts";
import { countStates, footprintView, hostView, queueWarnings, slotView, type TraceEntry } from "./operator-view.ts";
import { labelsThereAre, rebuildPlan, rebuildsView } from "./rebuilds-view.ts";
import { registrationsView, registrationWarnings } from "./registrations-view.ts";

/** The routes that only look. */
export function createReadingApp(deps: OperatorDeps): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();

  app.get("/api/status", (c) => {
    const state = deps.queue.state;
    const about = deps.about();
    const now = deps.clock.now();
    return c.json<StatusView>({
      version: about.version,
      mode: about.mode,
      startedAt: formatInstant(about.startedAt),
      uptimeSeconds: Math.max(0, Math.floor((now - about.startedAt) / 1000)),
      paused: state.paused,
      ...countStates(state),
      warnings: [
        ...about.warnings,
        ...queueWarnings(state, now),
        ...registrationWarnings(deps.registrations()?.dispatches ?? []),
      ],
      tls: deps.tls?.view() ?? null,
      listen: [...about.listen],
    });
  });

  app.get("/api/slots", (c) => {
    const state = deps.queue.state;
    return c.json<SlotsView>({ slots: state.slots.map((slot) => slotView(state, slot)) });
  });

  app.get("/api/leases", (c) => c.json<LeasesView>(leasesView(deps.leases(), deps.clock.now())));

  app.get("/api/hosts", (c) => {
    const state = deps.queue.state;
    return c.json<HostsView>({ hosts: state.hosts.map((host) => hostView(state, host)) });
  });

  app.get("/api/hosts/:ref", async (c) => {
    const state = deps.queue.state;
    const host = resolveHost(state, c.req.param("ref"));
    if (!host.ok) return fail(c, 404, { error: host.error.message, hint: host.error.hint, reason: host.error.type });
    return c.json<HostDetailView>({
      ...hostView(state, host.value),
      inventory: inventoryView(host.value),
      operations: host.value.operations.map(operationView),
      footprints: footprintsOf(deps, host.value).slice(-FOOTPRINTS_MAX).map(footprintView),
      story: deps.explain(host.value),
      answerPreview: await deps.previewAnswer(host.value.id),
      machineType: describedType(deps.site?.().machines, host.value),
      power: deps.power.typeOf(host.value),
    });
  });

  app.get("/api/registrations", (c) =>
    c.json<RegistrationsView>(registrationsView(deps.registrations()?.dispatches ?? [])),
  );

  app.get("/api/rebuilds", (c) => c.json<RebuildsView>(rebuildsView(deps.queue.state)));

  app.get("/api/rebuilds/plan", (c) => {
    const all = c.req.query("all") === "true";
    const labels = c.req.queries("label") ?? [];
    const hosts = c.req.queries("host") ?? [];
    const state = deps.queue.state;
    const known = labelsThereAre(state);
    const stray = labels.find((label) => !known.includes(label));
    if (stray !== undefined) {
      const hint = known.length === 0 ? "no slot of the configuration has labels" : `there are: ${known.join(", ")}`;
      return fail(c, 404, { error: `no slot has the label ${JSON.stringify(stray)}`, hint, reason: "not-found" });
    }
    const plan = rebuildPlan(state, { all, labels, hosts });
    if (!plan.ok) return fail(c, 404, { error: plan.error.message, hint: plan.error.hint, reason: plan.error.type });
    return c.json<RebuildPlanView>({ hosts: [...plan.value] });
  });

  app.get("/api/prometheus-targets", (c) => {
    const port = c.req.query("port") ?? "9100";
    if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535) {
      return fail(c, 400, { error: `expected ?port= from 1 to 65535, found ${JSON.stringify(port)}`, hint: "" });
    }
    const state = deps.queue.state;
    // In the order of the slots, which does not change, so that Prometheus can compare lists.
    const ready = state.slots.filter((slot) => hostOf(state, slot)?.state.type === "ready");
    return c.json<TargetsView>(
      ready.map(({ address, hostname, profile }) => ({
        targets: [`${address}:${port}`],
        labels: { hostname, __meta_bootqueue_profile: profile },
      })),
    );
  });

  app.get("/api/timeline", (c) => {
    const { mac: wanted, limit = "100" } = c.req.query();
    if (!/^\d{1,5}$/.test(limit) || Number(limit) === 0) {
      return fail(c, 400, { error: `expected ?limit= from 1 to 99999, found ${JSON.stringify(limit)}`, hint: "" });
    }
    if (wanted === undefined) {
      return c.json<TimelineView>({ footprints: deps.trace.recent().slice(-Number(limit)).map(footprintView) });
    }
    const mac = parseMacAddress(wanted);
    if (!mac.ok) {
      const error = `expected ?mac= to be a hardware address, found ${JSON.stringify(wanted)}`;
      return fail(c, 400, { error, hint: "write it as 52:54:00:ab:cd:ef" });
    }
    const footprints = deps.trace.footprintsOf(mac.value).slice(-Number(limit));
    return c.json<TimelineView>({ footprints: footprints.map(footprintView) });
  });

  return app;
}

const FOOTPRINTS_MAX = 500;

/** Of all its hardware addresses, in the order of time. */
function footprintsOf(deps: OperatorDeps, host: Host): readonly TraceEntry[] {
  return host.macs.flatMap((mac) => [...deps.trace.footprintsOf(mac)]).sort((one, other) => one.at - other.at);
}

function inventoryView(host: Host): InventoryView | null {
  const found = host.inventory;
  if (found === null) return null;
  return {
    ...found,
    disks: found.disks.map((disk) => ({ ...disk })),
    nics: found.nics.map((nic) => ({ ...nic })),
    sshHostKeys: { ...found.sshHostKeys },
  };
}
