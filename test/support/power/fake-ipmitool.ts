import { readFile } from "node:fs/promises";
import type { RunProgram } from "../../../src/power/run-program.ts";
import type { FakeMachine } from "./bmc-machine.ts";

/** `ipmitool` as it answers for one machine, in the words of release 1.8.19. */
export class FakeIpmitool {
  readonly machine: FakeMachine;
  password = "correct horse";
  isInstalled = true;
  isReachable = true;
  ignoresPower = false;
  /** Every command line, oldest first. */
  readonly calls: string[] = [];
  bootDevice: string | null = null;

  constructor(machine: FakeMachine) {
    this.machine = machine;
  }

  readonly run: RunProgram = async (program, args) => {
    const out = (text: string) => ({ type: "ended", code: 0, out: `${text}\n`, err: "" }) as const;
    const err = (text: string) => ({ type: "ended", code: 1, out: "", err: `${text}\n` }) as const;
    if (!this.isInstalled) return { type: "missing", code: 1, out: "", err: `spawn ${program} ENOENT` };
    this.calls.push([program, ...args].join(" "));
    const given = (await readFile(args[args.indexOf("-f") + 1] ?? "", "utf8")).trim();
    if (!this.isReachable) return err("Error: Unable to establish IPMI v2 / RMCP+ session");
    if (given !== this.password)
      return err("RAKP 2 HMAC is invalid\nError: Unable to establish IPMI v2 / RMCP+ session");
    const [verb, ...rest] = args.slice(args.indexOf("-R") + 2);
    if (verb === "raw") return err("Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x8 rsp=0xc9)");
    const command = rest.join(" ");
    if (command === "power status") return out(`Chassis Power is ${this.machine.isOn() ? "on" : "off"}`);
    if (command.startsWith("bootdev pxe")) {
      this.bootDevice = command;
      return out("Set Boot Device to pxe");
    }
    if (command === "bootparam get 5") {
      return out(
        ` Boot Flag Valid\n - Boot Device Selector : ${this.bootDevice === null ? "No override" : "Force PXE"}`,
      );
    }
    if (!this.ignoresPower) {
      const first = this.bootDevice === null ? "usual" : "network";
      if (command === "power on" || command === "power reset") {
        if (command === "power reset") this.machine.turnOff();
        this.machine.turnOn(first);
        this.bootDevice = null;
      } else if (command === "power off") this.machine.turnOff();
      else if (command === "power soft") this.machine.shutDown();
    }
    return out(`Chassis Power Control: ${rest[1]}`);
  };
}
