import type { Ipv4Address } from "../net/ipv4-address.ts";
import { type MacAddress, macAddressFromBytes } from "../net/mac-address.ts";
import type { Result } from "../std/result.ts";
import type { DhcpAnswer, LookFailure } from "./dhcp-look.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";

export interface DhcpCheck {
  readonly own: Ipv4Address;
  readonly mode: "authoritative" | "proxy";
  readonly allowOtherServers: boolean;
  readonly looked: Result<readonly DhcpAnswer[], LookFailure>;
}

/** Who gives addresses on the boot network, and whether that is as the configuration has it. */
export function dhcpFindings({ own, mode, allowOtherServers, looked }: DhcpCheck): readonly Finding[] {
  if (!looked.ok) return [notLooked(looked.error)];
  const isOurs = ({ server, from }: DhcpAnswer) => server === own || from === own;
  const ours = looked.value.filter(isOurs).map(({ offered }) => fine(WHAT, `our own pool answers, with ${offered}`));
  const others = looked.value.filter((answer) => !isOurs(answer));
  if (mode === "proxy" && others.length === 0) {
    const words = 'no other server answers, and with dhcp.mode = "proxy" nobody gives addresses then';
    return [...ours, warning(WHAT, words, 'switch that server on, or set dhcp.mode = "authoritative"')];
  }
  const found = others.map(({ server, offered }) => {
    const words = `another server, ${server}, ${offered === null ? "answers" : `gives addresses (${offered})`}`;
    if (mode === "proxy") return fine(WHAT, words);
    if (allowOtherServers) return warning(WHAT, `${words}; dhcp.allow_other_servers lets it`, OTHERS);
    return problem(WHAT, `${words}: machines take whichever offer comes first`, OTHERS);
  });
  return found.length > 0 ? [...ours, ...found] : [...ours, fine(WHAT, "no other server gives addresses here")];
}

const WHAT = "DHCP";
const OTHERS = 'switch it off there, or set dhcp.mode = "proxy" to work beside it';

function notLooked(failure: LookFailure): Finding {
  const not = "not looked for other servers";
  switch (failure.type) {
    case "forbidden":
      return warning(WHAT, `${not}: only root may use port 68`, "run `bootqueue doctor` as root");
    case "taken":
      return warning(WHAT, `${not}: a program of this host keeps port 68 to itself`, "`ss -lnpu sport = :68` names it");
    case "failed":
      return warning(WHAT, `${not}: ${failure.words}`, "");
  }
}

/** Always the same for one appliance, so that servers keep no second address for it: locally administered. */
export function lookMac(own: Ipv4Address): MacAddress {
  return macAddressFromBytes(Buffer.from([0x02, 0xb0, ...own.split(".").map(Number)]));
}
