import type { Footprint } from "./footprint.ts";
import type { Stage } from "./stage.ts";

/**
 * The stage of a footprint of a release that did not write stages down, by its words; null: it says nothing about that, as
 * with a passage of the queue. The first line that fits decides.
 */
export function stageByWords(footprint: Pick<Footprint, "road" | "outcome" | "what">): Stage | null {
  if (footprint.road === "tftp" && ONLY_ASKED.test(footprint.what)) return null;
  for (const { road, outcome, what, stage } of SIGNS) {
    if (footprint.road === road && footprint.outcome === outcome && what.test(footprint.what)) return stage;
  }
  return null;
}

/** What shim, GRUB and iPXE look for in case it is there; that it is not says nothing. */
const ONLY_ASKED = /^RRQ \S*(revocations_|shim_certificate_|\.lst|\.mod)\S* refused$/i;

/** The words of those releases. */
const SIGNS: readonly {
  readonly road: Footprint["road"];
  readonly outcome: Footprint["outcome"];
  readonly what: RegExp;
  readonly stage: Stage;
}[] = [
  { road: "dhcp", outcome: "dropped", what: /^NAK\b/, stage: "address-refused" },
  { road: "dhcp", outcome: "dropped", what: /^(DISCOVER|REQUEST|INFORM)\b/, stage: "ignored" },
  { road: "dhcp", outcome: "answered", what: /^(OFFER|ACK) without an address.* from iPXE/, stage: "ipxe-directed" },
  { road: "dhcp", outcome: "answered", what: /^(OFFER|ACK) without an address/, stage: "firmware-directed" },
  { road: "dhcp", outcome: "answered", what: /^OFFER .* from iPXE/, stage: "ipxe-offered" },
  { road: "dhcp", outcome: "answered", what: /^ACK .* from iPXE/, stage: "ipxe-leased" },
  { road: "dhcp", outcome: "answered", what: /^OFFER .*boot file/, stage: "firmware-offered" },
  { road: "dhcp", outcome: "answered", what: /^ACK .*boot file/, stage: "firmware-leased" },
  { road: "dhcp", outcome: "answered", what: /^OFFER /, stage: "installer-offered" },
  { road: "dhcp", outcome: "answered", what: /^ACK /, stage: "installer-leased" },

  { road: "tftp", outcome: "dropped", what: / refused$/, stage: "loader-missing" },
  { road: "tftp", outcome: "dropped", what: /./, stage: "loader-broken" },
  { road: "tftp", outcome: "answered", what: /^asked for the size/, stage: "loader-probed" },
  { road: "tftp", outcome: "answered", what: /^sent .*(vmlinu|linux26|bzimage|kernel)/i, stage: "kernel-sent" },
  { road: "tftp", outcome: "answered", what: /^sent .*(initrd|initramfs|\.img\b)/i, stage: "initrd-sent" },
  // GRUB's configuration is its boot script; it looks for it under several names first.
  { road: "tftp", outcome: "answered", what: /^sent .*grub\.cfg/i, stage: "script-sent" },
  { road: "tftp", outcome: "answered", what: /./, stage: "loader-sent" },
  { road: "tftp", outcome: "noted", what: /./, stage: "loader-broken" },

  { road: "http", outcome: "answered", what: /^boot script/, stage: "script-sent" },
  { road: "http", outcome: "dropped", what: /^boot script/, stage: "script-refused" },
  { road: "http", outcome: "dropped", what: /^HTTPS certificate/, stage: "certificate-refused" },
  { road: "http", outcome: "answered", what: /^answer/, stage: "answer-sent" },
  { road: "http", outcome: "dropped", what: /^answer/, stage: "answer-refused" },
  { road: "http", outcome: "answered", what: /^install(ation)? report/, stage: "reported" },
  { road: "http", outcome: "dropped", what: /^install(ation)? report/, stage: "report-refused" },
  { road: "http", outcome: "answered", what: /^(first-boot|phone-home)/, stage: "first-boot" },
  { road: "http", outcome: "dropped", what: /^(first-boot|phone-home)/, stage: "first-boot-refused" },
  { road: "http", outcome: "answered", what: /\.efi\b|undionly|\.k?pxe\b/, stage: "loader-sent" },
  { road: "http", outcome: "answered", what: /vmlinu|linux26|bzimage|kernel/i, stage: "kernel-sent" },
  { road: "http", outcome: "answered", what: /initrd|initramfs|\.img\b|\.iso\b|\.gz\b/i, stage: "initrd-sent" },
  { road: "http", outcome: "dropped", what: /./, stage: "asset-missing" },
];
