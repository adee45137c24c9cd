import type { Command } from "commander";
import type { HostDetailView, PowerDone, PowerView } from "../http/contract.ts";
import type { CliContext } from "./cli-context.ts";
import { getHost, HOST_ARGUMENT } from "./look-commands.ts";
import { hostPath, hostWords } from "./order-words.ts";
import { oneLine, renderFacts } from "./table.ts";
import { nameOf } from "./words.ts";

interface PowerOptions {
  readonly now?: boolean;
  readonly force?: boolean;
}

/** `bootqueue power`: the power switch of a machine, as far as the configuration says how it is reached. */
export function addPowerCommands(program: Command, context: CliContext): void {
  const power = program.command("power").description("switch a machine on or off by its BMC, or look at its power");

  const order = async (
    name: string,
    action: string,
    options: PowerOptions,
    ask: ((host: HostDetailView) => string) | null,
  ) => {
    const host = await getHost(context, name);
    if (ask !== null)
      await context.confirm(hostWords(context, host, ask(host)), `${QUESTIONS[action]} ${nameOf(host)}?`);
    const { now = false, force = false } = options;
    const body = { action, now, force };
    const done = await (await context.client()).post<PowerDone>(hostPath(host, "power"), body, PATIENCE_MS);
    context.print(
      done,
      () => `${oneLine(done.message)}${done.isSure ? "" : "; whether it had an effect cannot be seen"}\n`,
    );
  };

  power
    .command("status")
    .description("whether it is on, how it is, and what it boots next, as its BMC says")
    .argument("<host>", HOST_ARGUMENT)
    .action(async (name: string) => {
      const host = await getHost(context, name);
      const view = await (await context.client()).get<PowerView>(hostPath(host, "power"), PATIENCE_MS);
      context.print(view, () => {
        const health = view.health === null ? "" : `, health ${view.health}`;
        const facts = view.facts.map(({ name: fact, value }) => [fact, oneLine(value)] as const);
        return `${nameOf(host)} is ${STATE_WORDS[view.state]}${health} (${view.type})\n${renderFacts(facts, "  ")}`;
      });
    });

  power
    .command("on")
    .description("switch it on")
    .argument("<host>", HOST_ARGUMENT)
    .action((name: string) => order(name, "on", {}, null));

  power
    .command("off")
    .description("shut its system down, and switch it off when that takes too long")
    .argument("<host>", HOST_ARGUMENT)
    .option("--now", "switch it off at once")
    .option("--force", "also while it is being installed")
    .action((name: string, options: PowerOptions) =>
      order(name, "off", options, () =>
        options.now
          ? "This machine is SWITCHED OFF AT ONCE: what it has not written is lost."
          : "This machine is shut down and switched off.",
      ),
    );

  power
    .command("cycle")
    .description("restart it at once; one that is off is switched on")
    .argument("<host>", HOST_ARGUMENT)
    .option("--force", "also while it is being installed")
    .action((name: string, options: PowerOptions) =>
      order(name, "cycle", options, () => "This machine is RESTARTED AT ONCE: what it has not written is lost."),
    );

  power
    .command("pxe")
    .description("make its next boot, and only that one, one from the network; it is not restarted")
    .argument("<host>", HOST_ARGUMENT)
    .action((name: string) => order(name, "pxe", {}, null));
}

const QUESTIONS: Readonly<Record<string, string>> = { off: "Switch off", cycle: "Restart" };

const STATE_WORDS: Record<PowerView["state"], string> = {
  on: "on",
  off: "off",
  changing: "on its way between on and off",
  unknown: "in a state that nobody can tell",
};

/** A BMC may take minutes; the daemon gives up before this. */
const PATIENCE_MS = 20 * 60_000;
