import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { OpenUdp } from "../net/udp-socket.ts";
import { err, ok } from "../std/result.ts";
import { type PowerControl, type PowerResult, powerFailure } from "./power-control.ts";
import type { WakeOnLanSettings } from "./power-settings.ts";
import type { PowerTime } from "./power-time.ts";

export interface WakeOnLanParts {
  /** Our own address on the network of the machine. */
  readonly from: Ipv4Address;
  readonly openUdp: OpenUdp;
  readonly time: PowerTime;
  readonly stopping: AbortSignal;
}

/**
 * Magic packets to the network card that the machine boots from. They wake a machine that is off, and do nothing to one
 * that is on; nobody answers, so nothing is ever certain, and nothing else can be done.
 */
export function wakeOnLanControl(settings: WakeOnLanSettings, parts: WakeOnLanParts): PowerControl {
  const cannot = async (what: string): PowerResult<never> =>
    err(powerFailure("unsupported", `Wake-on-LAN cannot ${what}`, "it only wakes machines that are off"));
  return {
    type: "wake-on-lan",
    abilities: new Set(),
    visit: (machine, work) =>
      work({
        read: async () => ok({ state: "unknown", health: null, facts: [["wakes", machine.bootMac]] }),
        bootFromNetworkOnce: () => cannot("choose what a machine boots"),
        turnOn: () => woken(settings, parts, machine.bootMac),
        turnOff: () => cannot("switch a machine off"),
        restart: () => cannot("restart a machine"),
      }),
  };
}

async function woken({ broadcast }: WakeOnLanSettings, parts: WakeOnLanParts, mac: MacAddress) {
  try {
    const socket = await parts.openUdp({ address: parts.from, port: 0 });
    let refused: string | null = null;
    socket.onSendError((error) => {
      refused = error.message;
    });
    for (let n = 0; n < PACKETS; n++) {
      if (n > 0) await parts.time.sleep(PAUSE_MS, parts.stopping);
      socket.send(magicPacket(mac), { address: broadcast, port: PORT });
    }
    await parts.time.sleep(PAUSE_MS, parts.stopping);
    await socket.close();
    if (refused !== null)
      return err(powerFailure("unreachable", `no wake-up packet could be sent to ${broadcast}: ${refused}`));
  } catch (cause) {
    return err(powerFailure("unreachable", `no wake-up packet could be sent: ${(cause as Error).message}`));
  }
  return ok({ isSure: false, words: `sent wake-up packets to ${mac}, which only a machine that is off notices` });
}

/** Six times FF, then the address sixteen times (AMD, "Magic Packet Technology", 1995). */
export function magicPacket(mac: MacAddress): Uint8Array {
  const address = Buffer.from(mac.replaceAll(":", ""), "hex");
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}

/** Discard; the card looks at no port. */
const PORT = 9;
const PACKETS = 3;
const PAUSE_MS = 100;
