import type { InstallSite } from "../boot/installation.ts";
import { isUnicastMac, parseMacAddress } from "../net/mac-address.ts";
import { parseSystemUuid } from "../net/system-uuid.ts";
import { hostIdOf } from "../queue/host.ts";
import { findHostByMac, type QueueState } from "../queue/state.ts";
import { nearest } from "../std/nearest.ts";
import { err, ok, type Result } from "../std/result.ts";
import { resolveSlot } from "./operator-references.ts";
import type { Order, Plan, PlanError } from "./orders.ts";

/** What is to be entered. A slip of the pen would otherwise show only when the machine is switched on and gets nothing. */
export function planRegistration(
  state: QueueState,
  order: Extract<Order, { type: "register" }>,
  site: InstallSite | null,
): Result<Plan, PlanError> {
  const mac = parseMacAddress(order.mac);
  if (!mac.ok || !isUnicastMac(mac.value)) {
    const what = mac.ok ? "the hardware address of one network card" : "a hardware address";
    return invalid(`expected ${what}, found ${JSON.stringify(order.mac)}`, "write it as 52:54:00:ab:cd:ef");
  }
  const uuid = order.uuid == null ? null : parseSystemUuid(order.uuid);
  if (order.uuid != null && uuid === null) {
    return invalid(
      `expected an SMBIOS UUID that names one machine, found ${JSON.stringify(order.uuid)}`,
      "read it from /sys/class/dmi/id/product_uuid, or leave it out: many boards carry the same filler value",
    );
  }
  const slot = order.slot == null ? null : resolveSlot(state, order.slot);
  if (slot && !slot.ok) return slot;
  const serverType = order.serverType ?? null;
  const types = site === null ? null : serverTypesOf(state, site);
  if (serverType !== null && types !== null && !types.has(serverType)) {
    const near = nearest(serverType, types);
    const known = types.size === 0 ? "the configuration has none" : `there are ${[...types].sort().join(", ")}`;
    return invalid(
      `no server type is called ${JSON.stringify(serverType)}`,
      near === null ? `${known}; see \`[[server_type]]\` in \`bootqueue config reference\`` : `did you mean ${near}?`,
    );
  }
  return ok({
    event: { type: "host-registered", mac: mac.value, uuid, serverType, slot: slot?.value.id ?? null },
    host: findHostByMac(state, mac.value) ?? null,
    slot: slot?.value ?? null,
    subject: hostIdOf(mac.value),
  });
}

/** Those that the configuration describes, and those that slots are kept for. */
function serverTypesOf(state: QueueState, { machines }: InstallSite): ReadonlySet<string> {
  const ofSlots = state.slots.flatMap(({ reservation }) =>
    reservation?.type === "server-type" ? [reservation.serverType] : [],
  );
  return new Set([...(machines?.serverTypes ?? []).map(({ name }) => name), ...ofSlots]);
}

function invalid(message: string, hint: string): Result<never, PlanError> {
  return err({ type: "invalid", message, hint });
}
