import { copyFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootFromNetworkFirst } from "./boot-order.ts";
import type { Lab, LabProcess } from "./lab.ts";
import { Qmp } from "./qmp.ts";
import { SerialLog } from "./serial-log.ts";

/**
 * `bios`: SeaBIOS with iPXE in the network card's ROM. `uefi`: OVMF with its own PXE. `uefi-secure`: the same with Secure
 * Boot on and Microsoft's keys, as machines are sold.
 */
export type Firmware = "bios" | "uefi" | "uefi-secure";

/** A virtual machine with an empty disk and two network cards, the first of which boots. */
export class Machine {
  /** Counted from 1. */
  readonly number: number;
  readonly firmware: Firmware;
  readonly uuid: string;
  /** Of the SMBIOS system table; the disk has it too, as ID_SERIAL. */
  readonly serial: string;
  /** The first one boots. */
  readonly macs: readonly [string, string];
  readonly console: SerialLog;
  /** Its disk comes first, as in a rack whose machines boot from the network only when they are told to. BIOS only. */
  readonly #diskFirst: boolean;
  readonly #memoryMib: number;
  readonly #lab: Lab;
  readonly #shared: string | null;
  readonly #path: (name: string) => string;
  #process: LabProcess | null = null;

  constructor(
    lab: Lab,
    number: number,
    firmware: Firmware,
    options: {
      readonly diskFirst?: boolean;
      readonly memoryMib?: number;
      /** A folder that it sees as 9P file system `cluster`. */
      readonly shared?: string | null;
    } = {},
  ) {
    this.#shared = options.shared ?? null;
    this.#memoryMib = options.memoryMib ?? 512;
    this.#diskFirst = options.diskFirst ?? false;
    if (this.#diskFirst && firmware !== "bios") throw new Error("only BIOS machines can have their disk first");
    const nn = number.toString(16).padStart(2, "0");
    this.number = number;
    this.firmware = firmware;
    this.uuid = `1abf00d5-0000-4000-8000-5254001a00${nn}`;
    this.serial = `LAB-${nn}`;
    this.macs = [`52:54:00:1a:00:${nn}`, `52:54:00:1b:00:${nn}`];
    this.#lab = lab;
    this.#path = (name) => join(lab.folder, `m${number}.${name}`);
    this.console = new SerialLog(this.#path("serial"));
    lab.addTap(`m${number}a`);
    lab.addTap(`m${number}b`);
    writeFileSync(this.#path("disk"), "");
    truncateSync(this.#path("disk"), DISK_BYTES);
    if (firmware !== "bios") {
      const keys = firmware === "uefi-secure" ? ".ms" : "";
      copyFileSync(`/usr/share/OVMF/OVMF_VARS_4M${keys}.fd`, this.#path("vars"));
      if (firmware === "uefi") bootFromNetworkFirst(this.#path("vars"), this.macs[0], FIRST_CARD);
    }
  }

  /** `network`: this once, where its disk comes first. */
  powerOn(firstBoot: "network" | "usual" = "usual"): void {
    if (this.isOn) return;
    const argv = ["nice", "qemu-system-x86_64", ...this.#arguments(firstBoot)];
    this.#process = this.#lab.start("sw", `m${this.number}.qemu`, argv);
  }

  /** As pulling the plug. */
  async powerOff(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.ended;
  }

  /** As the reset button. */
  async reset(): Promise<void> {
    await this.#monitor("system_reset");
  }

  /** Pulls the cable out of one network card, or puts it back. */
  async setLink(card: 0 | 1, up: boolean): Promise<void> {
    await this.#monitor("set_link", { name: `n${card}`, up });
  }

  get isOn(): boolean {
    return this.#process?.isRunning ?? false;
  }

  /** The lines with which its disk said which installation it is. Empty: it has not booted from its disk. */
  get localBoots(): readonly string[] {
    return this.console.text().match(/LOCAL-BOOT .+/g) ?? [];
  }

  async #monitor(command: string, args: Record<string, unknown> = {}): Promise<void> {
    const monitor = await Qmp.connect(this.#path("qmp"));
    await monitor.execute(command, args);
    monitor.close();
  }

  #arguments(firstBoot: "network" | "usual"): readonly string[] {
    const isOrdered = this.#diskFirst || this.firmware === "uefi";
    const product = `type=1,manufacturer=Bootqueue,product=Lab Machine,serial=${this.serial},family=lab`;
    return [
      ...["-name", `m${this.number}`, "-accel", "tcg", "-m", `${this.#memoryMib}`, "-smp", "1"],
      ...["-display", "none", "-vga", "none", "-monitor", "none", "-nodefaults", "-uuid", this.uuid],
      ...["-smbios", product, "-smbios", `type=2,product=Lab Board,serial=B-${this.serial}`],
      ...["-chardev", `file,id=serial,path=${this.#path("serial")},append=on`, "-serial", "chardev:serial"],
      ...["-qmp", `unix:${this.#path("qmp")},server=on,wait=off`],
      ...(this.firmware === "bios" ? ["-machine", "pc,graphics=off"] : this.#uefi()),
      // OVMF keeps its boot order in its own variables, see `boot-order.ts`; the store with Microsoft's keys has one
      // already, which QEMU overrules.
      ...this.#card(
        0,
        {
          bios: this.#diskFirst ? "" : ",bootindex=1",
          uefi: ",romfile=",
          "uefi-secure": ",romfile=,bootindex=1",
        }[this.firmware],
      ),
      // Without a ROM the second card cannot boot: the installer is the first to use it.
      ...this.#card(1, ",romfile="),
      ...(this.#shared === null
        ? []
        : ["-virtfs", `local,path=${this.#shared},mount_tag=cluster,security_model=none,multidevs=remap`]),
      ...["-drive", `if=none,id=d0,format=raw,file=${this.#path("disk")},cache=unsafe`],
      ...["-device", `virtio-blk-pci,drive=d0,serial=${this.serial}${isOrdered ? "" : ",bootindex=2"}`],
      // A boot index would overrule it.
      ...(this.#diskFirst ? ["-boot", firstBoot === "network" ? "order=c,once=n" : "order=c"] : []),
    ];
  }

  #uefi(): readonly string[] {
    const secure = this.firmware === "uefi-secure";
    const flash = (unit: number, file: string, more: string) =>
      ["-drive", `if=pflash,format=raw,unit=${unit},file=${file}${more}`] as const;
    return [
      ...(secure ? ["-machine", "q35,smm=on"] : ["-machine", "q35"]),
      // Only code in system management mode may write to the variables, or the keys would be anybody's to change.
      ...(secure ? ["-global", "driver=cfi.pflash01,property=secure,value=on"] : []),
      ...flash(0, `/usr/share/OVMF/OVMF_CODE_4M${secure ? ".ms" : ""}.fd`, ",readonly=on"),
      ...flash(1, this.#path("vars"), ""),
      ...["-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"],
      // OVMF since 2024-05 does not boot from the network without a source of randomness.
      ...["-device", "virtio-rng-pci"],
    ];
  }

  #card(index: 0 | 1, more: string): readonly string[] {
    const tap = `m${this.number}${index === 0 ? "a" : "b"}`;
    return [
      ...["-netdev", `tap,id=n${index},ifname=${tap},script=no,downscript=no,vnet_hdr=off`],
      ...["-device", `virtio-net-pci,addr=${FIRST_CARD + index},netdev=n${index},mac=${this.macs[index]}${more}`],
    ];
  }
}

/** Its place on the PCI bus; the second card is beside it. */
const FIRST_CARD = 8;
const DISK_BYTES = 64 * 1024 * 1024;
