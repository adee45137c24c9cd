import type { Ipv4Address } from "../net/ipv4-address.ts";
import { type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import type { Endpoint } from "../net/udp-socket.ts";
import { findHostByMac } from "../queue/state.ts";
import type { TftpFile, TftpFiles, TftpRefusal, TransferOutcome } from "../tftp/files.ts";
import { renderAutoexec } from "./boot-script.ts";
import { type BootTurnParts, takeBootTurn } from "./boot-turn.ts";
import { renderGrubConfig, renderGrubLocalBoot } from "./grub-config.ts";
import type { LoopBreaker } from "./loop-breaker.ts";

export interface NetbootFilesParts extends BootTurnParts {
  /** What lies in the folder of boot files; a file there goes before one that we would write. */
  readonly assets: TftpFiles;
  readonly loops: LoopBreaker;
  /** Boot loaders, of which a machine needs one for each boot. */
  readonly loaders: ReadonlySet<string>;
  /** null: nobody that we know of has this address. */
  readonly macAt: (address: Ipv4Address) => MacAddress | null;
}

/**
 * The files of the boot folder, and two that are written when they are asked for: `autoexec.ipxe`, which a stock iPXE
 * looks for beside itself, and `grub.cfg`, which is the boot script of a machine that was given shim and GRUB.
 */
export class NetbootFiles implements TftpFiles {
  readonly #parts: NetbootFilesParts;

  constructor(parts: NetbootFilesParts) {
    this.#parts = parts;
  }

  async open(filename: string, from: Endpoint): Promise<TftpFile | TftpRefusal> {
    const mac = this.#parts.macAt(from.address);
    const loader = filename.replace(/^[/\\]+/, "");
    const isLoader = mac !== null && this.#parts.loaders.has(loader);
    const stopped = isLoader ? this.#whyStopped(mac, loader) : null;
    if (stopped !== null) return refusal(2, stopped);
    const file = await this.#parts.assets.open(filename, from);
    // iPXE takes an empty autoexec.ipxe for none, and so do we: it is a way to say that there should be one of ours.
    if (file.type === "file" && file.bytes.length > 0) return isLoader ? this.#counted(file, mac, loader) : file;
    return (await this.#written(filename, from, mac)) ?? file;
  }

  #whyStopped(mac: MacAddress, loader: string): string | null {
    const armedAt = findHostByMac(this.#parts.queue.state, mac)?.attempt?.armedAt ?? null;
    return this.#parts.loops.whyStopped(mac, loader, null, armedAt);
  }

  #counted(file: TftpFile, mac: MacAddress, loader: string): TftpFile {
    const closed = (outcome: TransferOutcome) => {
      if (outcome.type === "complete") this.#parts.loops.sent(mac, loader);
      file.closed(outcome);
    };
    return { type: "file", bytes: file.bytes, closed };
  }

  /** null: there is no such file to write either. */
  async #written(filename: string, from: Endpoint, known: MacAddress | null): Promise<TftpFile | TftpRefusal | null> {
    const name = filename.split(/[/\\]/).at(-1)?.toLowerCase() ?? "";
    if (name === "autoexec.ipxe") return fileOf(renderAutoexec(this.#parts.site().urls));
    const asked = GRUB_CONFIG.exec(name);
    if (asked === null) return null;
    // GRUB names its hardware address (with the hardware type before it) and, if that file is missing, nothing.
    const told = parseMacAddress(asked[1] ?? "");
    const mac = told.ok ? told.value : known;
    if (mac === null) return refusal(1, `nobody is known at ${from.address}, so there is no ${name} for it`);
    const turn = await takeBootTurn(this.#parts, mac, from.address);
    switch (turn.type) {
      case "refused":
        return refusal(1, turn.why);
      case "local-disk":
        return fileOf(renderGrubLocalBoot(turn.reason));
      case "install": {
        const { slot, profile, target, links } = turn.install;
        const title = `${slot.hostname} at ${slot.address}`;
        return fileOf(renderGrubConfig(profile.bootPlan(target, links), title, this.#parts.site().urls.asset("")));
      }
    }
  }
}

const GRUB_CONFIG = /^grub\.cfg(?:-01-([0-9a-f]{2}(?:-[0-9a-f]{2}){5}))?$/;

function fileOf(text: string): TftpFile {
  return { type: "file", bytes: Buffer.from(text, "utf8"), closed: () => {} };
}

function refusal(code: 1 | 2, message: string): TftpRefusal {
  return { type: "refusal", code, message };
}
