import type { Command } from "commander";
import type {
  HostDetailView,
  HostsView,
  LeasesView,
  OrderDone,
  RegistrationsView,
  SlotsView,
  StatusView,
  TimelineView,
} from "../http/contract.ts";
import { getAnswer, renderAnswerOrigins } from "./answer-commands.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { renderHostDetail } from "./host-detail.ts";
import { renderFootprint, renderHosts, renderLeases, renderRegistrations, renderSlots, renderStatus } from "./lists.ts";
import { HOST_STATES } from "./words.ts";

/** The commands that only look. */
export function addLookCommands(program: Command, context: CliContext): void {
  const { io } = context;

  program
    .command("status")
    .description("how the appliance is, in one look")
    .action(async () => {
      const status = await (await context.client()).get<StatusView>("/api/status");
      context.print(status, () => renderStatus(status));
    });

  program
    .command("slots")
    .description("every slot, in the order in which they are given out")
    .action(async () => {
      const { slots } = await (await context.client()).get<SlotsView>("/api/slots");
      context.print(slots, () => renderSlots(slots, io.now(), context.width));
    });

  program
    .command("leases")
    .description("addresses of the pool that clients have or had; times are UTC")
    .action(async () => {
      const leases = await (await context.client()).get<LeasesView>("/api/leases");
      context.print(leases, () => renderLeases(leases, context.width));
    });

  program
    .command("registrations")
    .description("which systems were told of which machine, and what could not be told")
    .option("--retry", "begin anew with those that were given up")
    .action(async ({ retry = false }: { retry?: boolean }) => {
      const client = await context.client();
      if (retry) {
        const done = await client.post<OrderDone>("/api/registrations/retry");
        return context.print(done, () => `${done.message}\n`);
      }
      const view = await client.get<RegistrationsView>("/api/registrations");
      context.print(view, () => renderRegistrations(view, context.width));
    });

  program
    .command("hosts")
    .description("every machine that was seen or registered")
    .option("--state <state>", "only those in this state, such as failed")
    .action(async ({ state }: { state?: string }) => {
      const wanted = state?.replaceAll("-", "_");
      if (wanted !== undefined && !Object.hasOwn(HOST_STATES, wanted)) {
        const states = Object.keys(HOST_STATES).join(", ");
        throw new CliFailure(EXIT.usage, `expected --state to be one of ${states}; found ${JSON.stringify(state)}`);
      }
      const { hosts } = await (await context.client()).get<HostsView>("/api/hosts");
      const shown = hosts.filter((host) => wanted === undefined || host.state === wanted);
      context.print(shown, () =>
        shown.length < hosts.length && shown.length === 0
          ? `no host is ${wanted}\n`
          : renderHosts(shown, io.now(), context.width),
      );
    });

  program
    .command("show")
    .description("everything known of one machine: where it stands and why, inventory, timeline, answer file")
    .argument("<host>", HOST_ARGUMENT)
    .option("--answer", "only its answer file, secrets masked, and where each value in it comes from")
    .action(async (host: string, { answer = false }: { answer?: boolean }) => {
      if (answer) {
        const view = await getAnswer(context, host);
        return context.print(view, () => renderAnswerOrigins(view));
      }
      const detail = await getHost(context, host);
      context.print(detail, () => renderHostDetail(detail, io.now()));
    });

  program
    .command("logs")
    .description("the timeline: what machines did, and what was answered or not, and why; times are UTC")
    .argument("[host]", `only of this machine: ${HOST_ARGUMENT}`)
    .option("--limit <count>", "at most so many lines, the latest", "100")
    .action(async (host: string | undefined, { limit }: { limit: string }) => {
      if (!/^[1-9]\d{0,4}$/.test(limit)) {
        throw new CliFailure(
          EXIT.usage,
          `expected --limit to be a number from 1 to 99999, found ${JSON.stringify(limit)}`,
        );
      }
      const { footprints } =
        host === undefined
          ? await (await context.client()).get<TimelineView>(`/api/timeline?limit=${limit}`)
          : await timelineOf(context, host, limit);
      const shown = footprints.slice(-Number(limit));
      if (context.json) for (const footprint of shown) io.out(`${JSON.stringify(footprint)}\n`);
      else io.out(shown.map(renderFootprint).join(""));
    });
}

/** Also of a machine that is no host, by its hardware address: one that is not served is the one to look at. */
async function timelineOf(context: CliContext, name: string, limit: string): Promise<Pick<TimelineView, "footprints">> {
  try {
    return await getHost(context, name);
  } catch (error) {
    if (!(error instanceof CliFailure) || error.code !== EXIT.unknown || !WHOLE_ADDRESS.test(name)) throw error;
    const path = `/api/timeline?mac=${encodeURIComponent(name)}&limit=${limit}`;
    const timeline = await (await context.client()).get<TimelineView>(path);
    if (timeline.footprints.length === 0) throw error;
    return timeline;
  }
}

const WHOLE_ADDRESS = /^[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}$/i;

/** How a machine may be named, in every command. */
export const HOST_ARGUMENT =
  "hostname, hardware address, UUID, or number or address of its slot; the beginning of a name will do";

/** How a slot may be named. */
export const SLOT_ARGUMENT = "number, address or hostname of the slot";

export async function getHost(context: CliContext, host: string): Promise<HostDetailView> {
  // An empty name would be the address of the whole list.
  if (host.trim() === "") throw new CliFailure(EXIT.usage, "the name of the host is empty");
  return (await context.client()).get<HostDetailView>(`/api/hosts/${encodeURIComponent(host)}`);
}
