import { Argument, type Command } from "commander";
import type { OperatorTokenView, OrderDone, SlotsView, SlotView } from "../http/contract.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT } from "./exit-code.ts";

import { getHost, HOST_ARGUMENT, SLOT_ARGUMENT } from "./look-commands.ts";
import { hostPath, hostWords } from "./order-words.ts";
import { renderFacts } from "./table.ts";
import { nameOf } from "./words.ts";

/** The commands that change something. Those that can lose something ask first. */
export function addOrderCommands(program: Command, context: CliContext): void {
  const give = async (path: string, body: object = {}) => {
    const done = await (await context.client()).post<OrderDone>(path, body);
    context.print(done, () => `${done.message}\n`);
  };

  program
    .command("skip")
    .description("give the slot to nobody until it is unskipped")
    .argument("<slot>", SLOT_ARGUMENT)
    .option("--reason <words>", "shown beside the slot", "")
    .action(async (name: string, { reason }: { reason: string }) => {
      const slot = await getSlot(context, name);
      await context.confirm(slotWords(slot), `Skip slot ${slot.number}, so that nobody is given it?`);
      await give(`/api/slots/${encodeURIComponent(slot.address)}/skip`, { reason });
    });

  program
    .command("unskip")
    .description("let the slot be given out again")
    .argument("<slot>", SLOT_ARGUMENT)
    .action(async (name: string) =>
      give(`/api/slots/${encodeURIComponent((await getSlot(context, name)).address)}/unskip`),
    );

  program
    .command("approve")
    .description("let a waiting machine take the next slot, or a held one be installed although it changed")
    .argument("<host>", HOST_ARGUMENT)
    .action(async (name: string) => {
      const host = await getHost(context, name);
      if (host.hold !== null) {
        const intro = `${nameOf(host)} is held, because it is not the machine that it was: ${host.hold.changes}. Approved, exactly this machine is WIPED and installed when it next boots from the network.`;
        await context.confirm(hostWords(context, host, intro), `Wipe and install what asks as ${nameOf(host)} now?`);
      }
      await give(hostPath(host, "approve"));
    });

  program
    .command("retry")
    .description("try a cluster join again that failed, without installing the machine anew")
    .argument("<host>", HOST_ARGUMENT)
    .action(async (name: string) => give(hostPath(await getHost(context, name), "retry")));

  program
    .command("mark-installed")
    .description("accept a machine as installed, as it is: it gets no installer until it is rebuilt")
    .argument("<host>", HOST_ARGUMENT)
    .action(async (name: string) => {
      const host = await getHost(context, name);
      const intro = "An install that is under way is given up, and this machine gets no installer until it is rebuilt.";
      await context.confirm(hostWords(context, host, intro), `Mark ${nameOf(host)} as installed?`);
      await give(hostPath(host, "mark-installed"));
    });

  program
    .command("reset")
    .description("forget a machine and free its slot; a registered one stays registered")
    .argument("<host>", HOST_ARGUMENT)
    .option("--even-installed", "also one that is installed, and that would be WIPED and installed again")
    .option("--forget", "also its registration: it is unknown then, and takes a slot when it boots from the network")
    .action(async (name: string, { evenInstalled = false, forget = false }: ResetFlags) => {
      const host = await getHost(context, name);
      const isKept = host.byOperator && !forget;
      const becomes = isKept ? "This machine stays registered, with no install armed," : "This machine is forgotten";
      const wiped =
        "If it boots from the network again, it takes a slot as a new one, and EVERYTHING ON ITS DISKS is wiped.";
      const intro = `${becomes} and its slot is free for another.${isKept ? "" : ` ${wiped}`}`;
      await context.confirm(hostWords(context, host, intro), `${forget ? "Forget" : "Reset"} ${nameOf(host)}?`);
      await give(hostPath(host, "reset"), { evenInstalled, forget });
    });

  program
    .command("register")
    .description("enter a machine before it is first seen; `rebuild` then arms its install")
    .argument("<mac>", "hardware address of the network card it boots from")
    .option("--uuid <uuid>", "its SMBIOS UUID, so that its other network cards are known for its own")
    .option("--type <server-type>", "its server type, for slots reserved for one")
    .option("--slot <slot>", `keep this slot for it: ${SLOT_ARGUMENT}`)
    .action(async (mac: string, options: { uuid?: string; type?: string; slot?: string }) => {
      const { type: serverType, ...rest } = options;
      await give("/api/hosts", { mac, ...rest, ...(serverType === undefined ? {} : { serverType }) });
    });

  program
    .command("mode")
    .description(
      "how DHCP serves a machine: one whose firmware cannot merge two offers needs full beside another server",
    )
    .argument("<host>", `${HOST_ARGUMENT}; or the hardware address of one that is not known yet`)
    .addArgument(
      new Argument("<mode>", "full: address and boot file; proxy: boot file alone; ignore: nothing").choices([
        "full",
        "proxy",
        "ignore",
        "default",
      ]),
    )
    .action(async (name: string, mode: string) => give(`/api/hosts/${encodeURIComponent(name)}/mode`, { mode }));

  program
    .command("pause")
    .description("let no unknown machine take a slot; installs under way go on")
    .action(() => give("/api/queue/pause"));

  program
    .command("resume")
    .description("let unknown machines take slots again")
    .action(() => give("/api/queue/resume"));

  program
    .command("token")
    .description("make a new token for the page and the API; the one before is void, and everybody is logged out")
    .action(async () => {
      const made = await (await context.client()).post<OperatorTokenView>("/api/operator-token");
      context.print(made, () => `${made.token}\n`);
    });
}

interface ResetFlags {
  readonly evenInstalled?: boolean;
  readonly forget?: boolean;
}

async function getSlot(context: CliContext, name: string): Promise<SlotView> {
  const { slots } = await (await context.client()).get<SlotsView>("/api/slots");
  const wanted = name.trim().toLowerCase();
  const slot = slots.find(({ number, address, hostname }) => [String(number), address, hostname].includes(wanted));
  if (slot) return slot;
  throw new CliFailure(
    EXIT.unknown,
    `no slot is called ${JSON.stringify(name)}; a slot is named by its number, address or hostname`,
    "`bootqueue slots` lists them",
  );
}

function slotWords(slot: SlotView): string {
  const facts = [
    ["slot", `${slot.number}, ${slot.address}, ${slot.hostname}, profile ${slot.profile}`],
    ["state", slot.state],
    ...(slot.holder === null ? [] : [["holder", slot.holder]]),
  ] as [string, string][];
  return `${renderFacts(facts, "  ")}\n`;
}
