import type { PowerReading } from "./power-control.ts";
import { textAt, valueAt } from "./redfish-json.ts";

/** What a system says of itself, for people. `because`: why it is the one that is meant. */
export function redfishReading(system: unknown, root: unknown, because: string): PowerReading {
  const boot = textAt(system, "Boot", "BootSourceOverrideEnabled");
  const nextBoot =
    boot === null || boot === "Disabled" ? null : `${textAt(system, "Boot", "BootSourceOverrideTarget")}, ${boot}`;
  const memory = valueAt(system, "MemorySummary", "TotalSystemMemoryGiB");
  const count = valueAt(system, "ProcessorSummary", "Count");
  const processor = textAt(system, "ProcessorSummary", "Model");
  const facts: readonly (readonly [string, string | null])[] = [
    ["system", textAt(system, "Id")],
    ["chosen", because],
    ["machine", [textAt(system, "Manufacturer"), textAt(system, "Model")].filter(Boolean).join(" ")],
    ["serial", textAt(system, "SerialNumber")],
    ["uuid", textAt(system, "UUID")],
    ["bios", textAt(system, "BiosVersion")],
    ["processors", processor === null ? null : `${typeof count === "number" ? `${count} × ` : ""}${processor}`],
    ["memory", typeof memory === "number" ? `${memory} GiB` : null],
    ["next boot", nextBoot],
    ["progress", textAt(system, "BootProgress", "LastState")],
    ["redfish", textAt(root, "RedfishVersion")],
  ];
  return {
    state: STATES[textAt(system, "PowerState") ?? ""] ?? "unknown",
    health: healthOf(system),
    facts: facts.flatMap(([name, value]) => (value === null || value === "" ? [] : [[name, value] as const])),
  };
}

const STATES: Readonly<Partial<Record<string, PowerReading["state"]>>> = {
  On: "on",
  Off: "off",
  PoweringOn: "changing",
  PoweringOff: "changing",
  Paused: "on",
};

/** The rollup includes fans, disks and what else there is; one well-known emulator spells it in its own way. */
function healthOf(system: unknown): PowerReading["health"] {
  const said =
    textAt(system, "Status", "HealthRollup") ??
    textAt(system, "Status", "HealthRollUp") ??
    textAt(system, "Status", "Health");
  return HEALTH[said ?? ""] ?? null;
}

const HEALTH: Readonly<Partial<Record<string, NonNullable<PowerReading["health"]>>>> = {
  OK: "ok",
  Warning: "warning",
  Critical: "critical",
};
