import { z } from "zod";
import { textLike } from "../std/field.ts";
import { assetPath, sshPublicKey } from "./proxmox-fields.ts";

/** What profiles of several Linux systems have in common. */

export const image = assetPath.describe(
  "The image, as `bootqueue image list` names it, or its product: then the newest. Else a folder below `assets/` with the installer's files.",
);

/** Before the machine is asked anything else, so nothing that means something to a shell or to iPXE. */
export const kernelArgs = textLike(
  "kernel arguments",
  "kernel arguments of letters, digits and . _ , : = / @ + % - only: no quotes, $, ; or backticks",
  /^[A-Za-z0-9._,:=/@+% -]*$/,
)
  .default("")
  .describe("More kernel arguments for the installer.");

export const locale = textLike(
  "locale",
  "a locale such as en_US.UTF-8",
  /^(C|[a-z]{2,3}_[A-Z]{2})(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/,
);

export const keyboardLayout = textLike(
  "keyboard layout",
  "a keyboard layout of XKB such as us, gb or de",
  /^[a-z]{2,12}$/,
);

/** useradd(8); and not the accounts that are there already. */
export const username = textLike(
  "user name",
  "a user name of lower-case letters, digits, - and _ that is no account of the system itself, such as ops",
  /^(?!(root|daemon|bin|sys|sync|games|man|lp|mail|news|uucp|proxy|www-data|backup|list|irc|nobody|admin|sudo|adm|shadow|disk|sshd|systemd-.*)$)[a-z_][a-z0-9_-]{0,30}$/,
);

export const sshKeys = z
  .array(sshPublicKey, { error: "expected a list of SSH public keys" })
  .prefault([])
  .describe("Public keys that may log in, one per item.");

export const httpUrl = textLike(
  "URL",
  "an address such as http://mirror.lab.example/debian, without spaces or quotes",
  /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~!$&()*+,;=:@%/?-]*)?$/,
);

export const debianPackages = z
  .array(textLike("package", "the name of a package such as qemu-guest-agent", /^[a-z0-9][a-z0-9.+-]+$/), {
    error: "expected a list of names of packages",
  })
  .prefault([]);

/** Shell commands, run as root in their order. */
export const commands = z
  .array(
    z.string({ error: "expected a command as a text" }).min(1, { error: "expected a command, not an empty text" }),
    { error: "expected a list of commands" },
  )
  .prefault([]);

export const networkSource = z
  .enum(["static", "dhcp"], { error: 'expected "static" or "dhcp"' })
  .default("static")
  .describe(
    "`static`: the slot's address, written into the system. `dhcp`: the installed system asks for it each time it boots.",
  );

/** A whole device: a name, or better a link that stays. */
export const disk = textLike(
  "disk",
  "a disk such as /dev/sda or /dev/disk/by-id/nvme-Samsung_SSD_S4EV…",
  /^\/dev\/[A-Za-z0-9._:+-]+(\/[A-Za-z0-9._:+-]+)*$/,
);
