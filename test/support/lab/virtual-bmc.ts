import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BmcMachine } from "../power/bmc-machine.ts";
import { MAKES, PLAIN } from "../power/bmc-traits.ts";
import { RedfishBmc } from "../power/redfish-bmc.ts";
import type { Lab } from "./lab.ts";
import type { Machine } from "./machine.ts";

/**
 * A BMC that speaks Redfish and really switches virtual machines of the lab: power, reset, and what they boot once. It
 * has an address on the boot network; `configText` is what an operator would write to have it used.
 */
export class VirtualBmc {
  readonly bmc: RedfishBmc;
  readonly passwordFile: string;
  readonly #lab: Lab;
  readonly #machines: readonly Machine[];

  constructor(lab: Lab, machines: readonly Machine[], make = "Supermicro") {
    this.bmc = new RedfishBmc(machines.map(asBmcMachine), MAKES[make] ?? PLAIN);
    this.passwordFile = join(lab.folder, "bmc-password");
    this.#lab = lab;
    this.#machines = machines;
  }

  async open(): Promise<void> {
    const socket = join(this.#lab.folder, "bmc.sock");
    await this.bmc.open(socket);
    writeFileSync(this.passwordFile, `${this.bmc.password}\n`, { mode: 0o600 });
    this.#lab.addNamespace("bmc");
    this.#lab.connect("bmc", "eth0", "lan", `${ADDRESS}/22`);
    const relay = join(import.meta.dirname, "bmc-relay.ts");
    this.#lab.start("bmc", "bmc-relay", [process.execPath, "--import", "tsx", relay, socket]);
  }

  /** Each machine by its hardware address; which system it is, the BMC's answers have to show. */
  configText(): string {
    const hosts = this.#machines.map(
      ({ macs }) =>
        `[[power.host]]\nmac = "${macs[0]}"\nurl = "https://${ADDRESS}"\nfingerprint = "${this.bmc.fingerprint}"\n`,
    );
    return `[power]\nuser = "${this.bmc.user}"\npassword_file = "${this.passwordFile}"\n${hosts.join("\n")}`;
  }
}

const ADDRESS = "10.11.3.200";

function asBmcMachine(machine: Machine): BmcMachine {
  return {
    id: `node-${machine.number}`,
    uuid: machine.uuid,
    serial: machine.serial,
    macs: machine.macs,
    isOn: () => machine.isOn,
    turnOn: (firstBoot) => machine.powerOn(firstBoot),
    turnOff: () => machine.powerOff(),
    // Nothing on these machines listens to it.
    shutDown: () => {},
  };
}
