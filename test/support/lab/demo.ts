// The main job on an embedded network: see DEMO_USAGE, and scripts/demo, which prepares the machine and starts this.
import { setTimeout as sleep } from "node:timers/promises";
import { Appliance } from "./appliance.ts";
import { ClusterRack } from "./cluster-rack.ts";
import { DEMO_USAGE, type DemoOptions, parseDemoOptions } from "./demo-options.ts";
import { FIRMWARE_WORDS, Journey } from "./journey.ts";
import { Lab } from "./lab.ts";
import { Machine } from "./machine.ts";
import { openPageDoor } from "./page-door.ts";

async function demo(options: DemoOptions): Promise<number> {
  const startedAt = Date.now();
  const say = (who: string, words: string, at = Date.now()) =>
    process.stdout.write(`${((at - startedAt) / 1000).toFixed(1).padStart(7)} s  ${who.padEnd(14)} ${words}\n`);
  let lab: Lab;
  let appliance: Appliance;
  let rack: ClusterRack | null = null;
  try {
    lab = new Lab({ keepFolder: options.keep });
    rack = options.cluster ? new ClusterRack(lab) : null;
    appliance = new Appliance(lab, {
      slots: options.firmware.length,
      ...(rack === null ? {} : { cluster: { operatorKey: rack.operatorKey } }),
    });
    await appliance.start();
    say("bootqueue", `serves ${options.firmware.length} slots from its namespace ${lab.namespaceOf("gw")}`);
    say("bootqueue", `live page: ${await openPageDoor(lab)} (only on this machine)`);
  } catch (error) {
    process.stderr.write(`\ndemo: nothing could be switched on: ${(error as Error).message}\n`);
    return 1;
  }

  const journeys: Journey[] = [];
  let broken: string | null = null;
  try {
    broken = await travel(options, lab, appliance, rack, journeys, say);
  } catch (error) {
    const words = appliance.isRunning ? (error as Error).message : `it said: ${appliance.logTail(2).join(" | ")}`;
    broken = appliance.isRunning ? `the appliance does not answer: ${words}` : `the daemon ended; ${words}`;
  }
  process.stdout.write(`\n${table(journeys, startedAt)}\n`);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
  if (broken === null && rack !== null) {
    const { words, isWhole } = await rack.ask(appliance, journeys);
    process.stdout.write(`\n${words}\n`);
    if (!isWhole) broken = "the machines are ready, but their cluster is not whole: see what its member says";
  }
  if (broken === null) {
    process.stdout.write(
      `\nAll ${journeys.length} machines installed themselves and boot from their own disks${rack === null ? "" : ", in one cluster"} (${seconds} s).\n`,
    );
  }
  if (options.keep) {
    process.stdout.write(`Logs, disks and configuration: ${lab.folder}\n`);
    if (broken !== null) process.stderr.write(`\ndemo: ${broken}\n`);
    process.stdout.write("Everything still runs; Ctrl-C ends it.\n");
    await new Promise(() => setInterval(() => {}, 60_000));
  }
  if (broken !== null) process.stderr.write(`\ndemo: ${broken}\n`);
  return broken === null ? 0 : 1;
}

/** null: everybody arrived; else the sentence that names what broke. */
async function travel(
  options: DemoOptions,
  lab: Lab,
  appliance: Appliance,
  rack: ClusterRack | null,
  journeys: Journey[],
  say: (who: string, words: string, at?: number) => void,
): Promise<string | null> {
  const slots = await appliance.slots();
  let deadline = Date.now() + FIRST_DISCOVER_MS;
  for (;;) {
    const next = options.firmware[journeys.length];
    // One after the other up to its slot, so that machine 1 takes slot 1; from there on all at once.
    if (next !== undefined && (await isHeld(appliance, journeys.at(-1)))) {
      const machine = new Machine(lab, journeys.length + 1, next, { shared: rack?.shared ?? null });
      const slot = slots[journeys.length];
      if (slot === undefined) return `there is no slot ${journeys.length + 1} for machine ${machine.number}`;
      journeys.push(new Journey(machine, slot, { joins: rack !== null }));
      machine.powerOn();
      say(`machine ${machine.number}`, `is switched on: ${FIRMWARE_WORDS[next]}, ${machine.macs[0]}, empty disk`);
      const isLast = journeys.length === options.firmware.length;
      deadline =
        Date.now() +
        (isLast ? JOURNEY_MS + journeys.length * (rack === null ? EACH_MS : EACH_JOIN_MS) : FIRST_DISCOVER_MS);
    }
    for (const journey of journeys) {
      if (journey.isOver) continue;
      for (const { words, at } of await journey.look(appliance)) say(journey.hostname, words, at);
      if (journey.isLost) return journey.brokenLink;
    }
    if (journeys.length === options.firmware.length && journeys.every((journey) => journey.isOver)) return null;
    if (Date.now() > deadline) {
      return journeys.find((journey) => !journey.isOver)?.brokenLink ?? "a machine did not ask for an address in time";
    }
    await sleep(LOOK_MS);
  }
}

/** true: a slot is kept for it, or there is nobody to wait for. */
async function isHeld(appliance: Appliance, journey: Journey | undefined): Promise<boolean> {
  if (journey === undefined) return true;
  return (await appliance.slots()).some(({ holder }) => holder === journey.machine.macs[0]);
}

function table(journeys: readonly Journey[], startedAt: number): string {
  const rows = journeys.map((journey) => [
    String(journey.slot),
    journey.hostname,
    journey.address,
    journey.machine.macs[0],
    FIRMWARE_WORDS[journey.machine.firmware],
    journey.milestones.map(({ name, at }) => `${name} ${((at - startedAt) / 1000).toFixed(0)}`).join(", "),
  ]);
  const all = [["SLOT", "HOSTNAME", "ADDRESS", "MAC", "FIRMWARE", "STATES AND SECONDS"], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const LOOK_MS = 400;
const FIRST_DISCOVER_MS = 90_000;
/** From the last power-on to the last disk, and more for each machine: they share the processors. */
const JOURNEY_MS = 420_000;
const EACH_MS = 30_000;
/** They join one after the other. */
const EACH_JOIN_MS = 120_000;

process.once("exit", (code) => {
  if (code > 128) process.stderr.write("\ndemo: interrupted; machines, networks and files are gone\n");
});
const options = parseDemoOptions(process.argv.slice(2));
if (typeof options === "string") {
  process.stderr.write(`demo: ${options}\n\n${DEMO_USAGE}\n`);
  process.exit(64);
}
process.exit(await demo(options));
