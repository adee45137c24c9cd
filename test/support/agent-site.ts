import { afterEach } from "node:test";
import { type AgentAppliance, type ApplianceOptions, agentAppliance } from "./agent-appliance.ts";
import { type AgentMachine, agentMachine, type MachineOptions, removeMachine } from "./agent-bench.ts";

/** For each test of a file an appliance, and machines with the agent in them, which are put away after it. */
export function agentSite() {
  let appliance: AgentAppliance | null = null;
  let machines: AgentMachine[] = [];
  const opened = (): AgentAppliance => {
    if (appliance === null) throw new Error("wanted an appliance that is open; call open() first");
    return appliance;
  };
  afterEach(async () => {
    await appliance?.close();
    for (const machine of machines) removeMachine(machine);
    machines = [];
  });
  return {
    async open(options: ApplianceOptions = {}): Promise<void> {
      appliance = await agentAppliance(options);
    },
    /** The one that was opened last. */
    get appliance() {
      return opened();
    },
    machineWith(options: Partial<MachineOptions> = {}): AgentMachine {
      const machine = agentMachine({ ...opened().linksOf(), steps: [], ...options });
      machines.push(machine);
      return machine;
    },
  };
}
