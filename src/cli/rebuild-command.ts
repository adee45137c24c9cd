import { type Command, InvalidArgumentError } from "commander";
import type { OrderDone, RebuildPlanRow, RebuildPlanView, RebuildsView } from "../http/contract.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { getHost, HOST_ARGUMENT } from "./look-commands.ts";
import { hostPath, hostWords } from "./order-words.ts";
import { oneLine, renderTable } from "./table.ts";
import { ago, MAY_HOLD_SYSTEM, nameOf } from "./words.ts";

interface RebuildOptions {
  readonly all?: boolean;
  readonly label?: readonly string[];
  readonly parallel?: number;
  readonly keepGoing?: boolean;
  readonly byHand?: boolean;
  readonly detach?: boolean;
  readonly plan?: boolean;
  readonly status?: boolean;
  readonly stop?: boolean;
  readonly resume?: boolean;
}

/** `bootqueue rebuild`: one machine, or several in turns. */
export function addRebuildCommand(program: Command, context: CliContext): void {
  program
    .command("rebuild")
    .description(
      "arm installs: the machines are WIPED and installed when they next boot from the network; several are armed in turns and watched to the end",
    )
    .argument("[hosts...]", HOST_ARGUMENT)
    .option("--all", "every machine that has a slot")
    .option("--label <label>", "machines in slots with this label; may be given several times", collected)
    .option("--parallel <n>", "how many at one time", wholeNumber, 1)
    .option("--keep-going", "go on with the others when one fails")
    .option("--by-hand", "arm one machine only: do not restart it, although its power can be switched")
    .option("--detach", "do not stay to watch")
    .option("--plan", "say whom it would concern, and do nothing")
    .option("--status", "say how the rebuild of several machines stands")
    .option("--stop", "arm no further one of them; those that are armed go on")
    .option("--resume", "go on with those that had no turn yet, and watch")
    .action(async (names: readonly string[], options: RebuildOptions) => {
      if (options.status) return printStatus(context);
      if (options.stop) return give(context, "/api/rebuilds/stop");
      if (options.resume) {
        await give(context, "/api/rebuilds/resume");
        return options.detach ? undefined : follow(context);
      }
      const [only] = names;
      const isSet = options.all || options.label !== undefined || options.plan || names.length > 1;
      if (only === undefined && !options.all && options.label === undefined) {
        throw new CliFailure(
          EXIT.usage,
          "expected a machine, --label or --all, found none",
          "`bootqueue hosts` lists them",
        );
      }
      if (!isSet && only !== undefined) return rebuildOne(context, only, options.byHand === true);
      if (options.byHand) throw new CliFailure(EXIT.usage, "--by-hand is for one machine, found several");
      return rebuildSet(context, names, options);
    });
}

async function rebuildOne(context: CliContext, name: string, byHand: boolean): Promise<void> {
  const host = await getHost(context, name);
  const isSwitched = host.power !== null && !byHand;
  const when = isSwitched ? `as it is restarted now (${host.power})` : "when it next boots from the network";
  const intro = MAY_HOLD_SYSTEM.has(host.state)
    ? `An install is armed: EVERYTHING ON THE DISKS of this machine is wiped ${when}.`
    : `An install is armed: this machine is wiped and installed ${when}.`;
  await context.confirm(hostWords(context, host, intro), `Wipe and install ${nameOf(host)}?`);
  await give(context, hostPath(host, "rebuild"), byHand ? { byHand } : {});
}

async function rebuildSet(context: CliContext, names: readonly string[], options: RebuildOptions): Promise<void> {
  const { parallel = 1, keepGoing = false } = options;
  const query = new URLSearchParams(options.all ? { all: "true" } : {});
  for (const label of options.label ?? []) query.append("label", label);
  for (const name of names) query.append("host", name);
  const plan = await (await context.client()).get<RebuildPlanView>(`/api/rebuilds/plan?${query}`);
  if (options.plan) return context.print(plan, () => planWords(context, plan.hosts));
  const ready = plan.hosts.filter(({ hindrance }) => hindrance === "");
  if (ready.length === 0) {
    context.io.err(planWords(context, plan.hosts));
    throw new CliFailure(
      EXIT.refused,
      "none of them can be rebuilt now",
      "`bootqueue hosts` shows what they are doing",
    );
  }
  const turns = parallel === 1 ? "one after the other" : `${parallel} at a time`;
  const intro = `EVERYTHING ON THE DISKS of these machines is wiped, ${turns}, when they next boot from the network. Those whose power is configured are restarted when it is their turn.\n\n`;
  await context.confirm(intro + planWords(context, plan.hosts), `Wipe and install ${counted(ready.length)}?`);
  // By their ids, so that what was shown and asked about is what the order is for.
  const hosts = ready.map(({ host }) => host.id);
  await give(context, "/api/rebuilds", { hosts, parallel, keepGoing });
  if (options.detach !== true) await follow(context);
}

async function give(context: CliContext, path: string, body: object = {}): Promise<void> {
  const done = await (await context.client()).post<OrderDone>(path, body);
  context.print(done, () => `${done.message}\n`);
}

function planWords(context: CliContext, rows: readonly RebuildPlanRow[]): string {
  if (rows.length === 0) return "no machine has such a slot\n";
  const now = context.io.now();
  return renderTable(
    [
      { title: "HOSTNAME", cell: ({ host }) => nameOf(host), shrinks: true },
      { title: "HOST", cell: ({ host }) => host.id },
      { title: "STATE", cell: ({ host }) => `${host.state} for ${ago(host.since, now)}`, leaves: 1 },
      { title: "WIPES", cell: ({ disks }) => diskWords(disks), shrinks: true },
      { title: "NOTE", cell: ({ hindrance }) => (hindrance === "" ? "" : `left out: ${hindrance}`), shrinks: true },
    ],
    rows,
    context.width,
  );
}

/** `sda S4XA, sdb S4XB`: the serial number is what stands on the disk. */
function diskWords(disks: RebuildPlanRow["disks"]): string {
  if (disks === null) return "unknown: it has not reported an install";
  if (disks.length === 0) return "unknown: its install reported no disks";
  return disks
    .map(({ device, model, serial }) => [device?.replace(/^\/dev\//, ""), serial ?? model].filter(Boolean).join(" "))
    .map(oneLine)
    .join(", ");
}

async function printStatus(context: CliContext): Promise<void> {
  const view = await (await context.client()).get<RebuildsView>("/api/rebuilds");
  context.print(view, () => statusWords(context, view));
  if (view.rebuilds !== null && !view.rebuilds.underWay && !isWellDone(view)) context.exitCode = EXIT.refused;
}

function statusWords(context: CliContext, { rebuilds }: RebuildsView): string {
  if (rebuilds === null) return "no rebuild of several machines was ordered yet\n";
  const stopped = rebuilds.stopped === null ? "" : `, stopped: ${oneLine(rebuilds.stopped)}`;
  const head = `begun ${ago(rebuilds.startedAt, context.io.now())} ago, ${rebuilds.parallel} at a time${stopped}`;
  const table = renderTable(
    [
      { title: "HOSTNAME", cell: ({ name }) => name, shrinks: true },
      { title: "REBUILD", cell: ({ state }) => state },
      { title: "STATE", cell: ({ hostState }) => hostState ?? "forgotten" },
      { title: "NOTE", cell: ({ reason }) => reason, shrinks: true },
    ],
    rebuilds.members,
    context.width,
  );
  return `${head}\n\n${table}`;
}

/** Tells each change until nobody is under way; Ctrl-C ends the watching, not the rebuild. */
async function follow(context: CliContext): Promise<void> {
  const client = await context.client();
  const stop = new AbortController();
  const forget = context.io.onInterrupt(() => stop.abort());
  const told = new Map<string, string>();
  let last: RebuildsView = { rebuilds: null };
  try {
    for await (const { event } of client.events("/api/events", stop.signal)) {
      if (event !== "state") continue;
      last = await client.get<RebuildsView>("/api/rebuilds");
      tell(context, last, told);
      if (last.rebuilds?.underWay !== true) break;
    }
  } finally {
    forget();
  }
  if (stop.signal.aborted) {
    context.io.err(
      "The rebuild goes on. `bootqueue rebuild --status` shows it, `bootqueue rebuild --stop` stops it.\n",
    );
    context.exitCode = EXIT.aborted;
    return;
  }
  const { rebuilds } = last;
  if (rebuilds?.underWay === true) {
    throw new CliFailure(
      EXIT.unreachable,
      "the daemon ended the stream",
      "the rebuild goes on when it is back: `bootqueue rebuild --status`",
    );
  }
  const done = rebuilds?.members.filter(({ state }) => state === "succeeded").length ?? 0;
  const all = rebuilds?.members.length ?? 0;
  if (isWellDone(last)) {
    if (!context.json) context.io.out(`${counted(all)} rebuilt\n`);
    return;
  }
  const waiting = rebuilds?.members.some(({ state }) => state === "waiting") ?? false;
  const why = rebuilds?.stopped == null ? "" : `; stopped: ${rebuilds.stopped}`;
  const goOn = waiting ? "; `bootqueue rebuild --resume` goes on with the others" : "";
  throw new CliFailure(
    EXIT.refused,
    `${done} of ${counted(all)} rebuilt${why}`,
    `\`bootqueue rebuild --status\` shows each${goOn}`,
  );
}

/** One line for each member whose state is another than before. */
function tell(context: CliContext, { rebuilds }: RebuildsView, told: Map<string, string>): void {
  for (const member of rebuilds?.members ?? []) {
    const words = member.state === "running" ? `running, ${member.hostState ?? "forgotten"}` : member.state;
    if (told.get(member.host) === words || (member.state === "waiting" && !told.has(member.host))) continue;
    told.set(member.host, words);
    const why = member.reason === "" ? "" : `: ${oneLine(member.reason)}`;
    const at = new Date(context.io.now()).toISOString().slice(11, 19);
    context.io.out(context.json ? `${JSON.stringify(member)}\n` : `${at}  ${member.name}  ${words}${why}\n`);
  }
}

function isWellDone({ rebuilds }: RebuildsView): boolean {
  return rebuilds?.members.every(({ state }) => state === "succeeded") ?? false;
}

function counted(n: number): string {
  return `${n} ${n === 1 ? "machine" : "machines"}`;
}

function collected(label: string, before: readonly string[] = []): readonly string[] {
  return [...before, label];
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > 500) throw new InvalidArgumentError("expected 1 to 500");
  return Number(text);
}
