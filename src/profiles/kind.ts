import type { z } from "zod";
import type { AgentLinks } from "../firstboot/agent-links.ts";
import type { DomainName, Hostname } from "../net/hostname.ts";
import type { Ipv4Address, Ipv4Subnet } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { Inventory } from "../queue/inventory.ts";
import type { ProfileFlow } from "../queue/rules.ts";
import type { ScriptMeaning } from "../queue/script-booting.ts";
import type { Problem } from "../std/problem.ts";
import type { Result } from "../std/result.ts";
import type { BootImage, ImageWish, StoredImage } from "./boot-image.ts";
import type { Replacements, SettingsTable } from "./layers.ts";
import type { Hardware } from "./server-type.ts";

/**
 * One kind of installer: everything bootqueue knows about it, and pure.
 * Adding one takes a file in this room and a line in `kinds.ts`.
 */
export interface ProfileKind<Settings> {
  readonly name: string;
  /** true: its installer tells its machine's serial numbers, and can be told which disks it may take. */
  readonly namesHardware?: boolean;
  /** What a profile's file may say besides `kind`; its reference page is made from this. */
  readonly settings: z.ZodType<Settings>;
  /** What to say of keys that people try although there is none, by path: `global.root_password`. */
  readonly hints: Readonly<Record<string, string>>;
  /** What goes when a layer (server type, slot, host) brings a setting. Absent: layers are merged key by key. */
  readonly replacements?: Replacements;
  /** A server type in the words of this kind; problems name `boot_disk` or `management_nic`. Absent: it has no words for them. */
  settingsOfHardware?(hardware: Hardware): Result<SettingsTable, readonly Problem[]>;
  /**
   * What in an answer in TOML is not called like a setting (but for hyphens), and where it comes from; see
   * `originsOfToml`. Absent: an answer of this kind cannot be explained line by line.
   */
  readonly madeInAnswer?: Readonly<Record<string, string>>;
  /** What the schema cannot see: rules between settings. Empty: nothing wrong. */
  check(settings: Settings): readonly Problem[];
  /** What is allowed and yet may surprise: shown by `config check`, and no reason not to start. */
  warnings(settings: Settings): readonly Problem[];
  flow(settings: Settings): ProfileFlow;
  /** true: the installed system keeps asking DHCP for its address, so it goes on getting the reserved one. */
  usesDhcpOnceInstalled(settings: Settings): boolean;
  /** The image of `bootqueue image add` that it boots; null: it names its files itself. */
  image(settings: Settings): ImageWish | null;
  /**
   * Files, relative to `assets/`, that must exist before a host can boot this; those of its image are left out.
   * `image`: the one that it asked for; null: it asked for none, or there is none.
   */
  assets(settings: Settings, image: StoredImage | null): readonly string[];
  bootPlan(settings: Settings, target: InstallTarget, links: Links): BootPlan;
  /** What its boot script brings by itself. Absent or null: nothing yet, an answer file follows and decides. */
  script?(settings: Settings): ScriptMeaning | null;
  /** The files that its installer fetches one by one; null: it posts a description of its machine and gets one answer. */
  readonly files: AnswerFiles<Settings> | null;
  /** Who asks for an answer, and with which release of the installer. */
  readAnswerRequest(body: unknown): Result<AnswerRequest, readonly Problem[]>;
  /**
   * The file the installer asks for; of several, all of them in one text for people. The error lists what the installer
   * would refuse, so it is not served.
   */
  answer(
    settings: Settings,
    target: InstallTarget,
    links: Links,
    request: AnswerRequest,
  ): Result<Answer, readonly Problem[]>;
  readInstallReport(body: unknown): Result<InstallReport, readonly Problem[]>;
  /** One message of an installer that tells what it is doing; null: nothing worth keeping. Never throws. */
  readProgress(body: unknown): InstallProgress | null;
  /** What the appliance itself does about the install; absent or null: nothing, the machine reports. */
  remote?(settings: Settings, target: InstallTarget): RemoteInstall | null;
  /** The script that the installed system runs at its first boot; null: this profile has none. */
  firstBootScript(settings: Settings, target: InstallTarget, links: Links): string | null;
}

/** An answer in several files, fetched by GET below `links.plain.answerFile("")`. */
export interface AnswerFiles<Settings> {
  /** In the order in which people want to read them. Letters, digits, and `. _ -`. */
  readonly names: readonly string[];
  /** The one of them that makes the installer wipe the disk: before it leaves, the queue moves (the point of no return). */
  readonly decisive: string;
  /** Each of `names`. The error lists what the installer would refuse, so nothing is served. */
  render(
    settings: Settings,
    target: InstallTarget,
    links: Links,
  ): Result<ReadonlyMap<string, AnswerFile>, readonly Problem[]>;
  /** What the request itself says of the machine, beside the token. */
  identityOf(headers: Headers): FileRequest;
}

export interface FileRequest {
  /** Empty: it names none. */
  readonly macs: readonly MacAddress[];
  /** null: it does not say. */
  readonly serial: string | null;
}

export interface AnswerFile {
  readonly contentType: string;
  readonly content: string | Uint8Array;
  /** For people to look at: every secret replaced, and an archive as a list of what is in it. */
  readonly masked: string;
}

/** What an installer says while it works. */
export type InstallProgress =
  | {
      readonly type: "step";
      readonly step: string;
      readonly outcome: "started" | "noted" | "succeeded" | "failed" | "skipped";
      readonly text: string;
    }
  | { readonly type: "installed" }
  /** `reason` empty: it stands in the failed step before. */
  | { readonly type: "failed"; readonly reason: string };

/** How the appliance takes part in an install, from outside of the machine. */
export interface RemoteInstall {
  /** TCP. Without a command: the system is installed once the machine answers there. With one: then it is run. */
  readonly port: number;
  /** Installs the machine, and is the point of no return; it ends with 0 when the system is installed. */
  readonly command: { readonly words: readonly string[]; readonly minutes: number } | null;
  /** true: the installer restarts the machine only when it is done, so one that boots again meanwhile is installed. */
  readonly endsAtReboot?: boolean;
}

/** Where and as what the system is installed. */
export interface InstallTarget {
  readonly address: Ipv4Address;
  readonly subnet: Ipv4Subnet;
  readonly router: Ipv4Address;
  readonly domainNameServers: readonly Ipv4Address[];
  readonly hostname: Hostname;
  readonly domain: DomainName;
  /** The NIC that the host booted from: it is the one on this network. */
  readonly bootMac: MacAddress;
  /** The disks that may be wiped; absent or empty: whichever the profile says. */
  readonly diskSerials?: readonly string[];
  /** The public key that lives as long as this install, with which root lets us in. Absent: none is needed. */
  readonly ephemeralSshKey?: string;
}

/** Every address under which the machine finds us during this install. They hold the attempt's token. */
export interface Links {
  /** SHA-256 of the certificate, where these addresses are HTTPS: pairs of hexadecimal digits with colons; null: plain HTTP. */
  readonly certFingerprint: string | null;
  readonly answer: string;
  readonly installed: string;
  readonly firstBootScript: string;
  readonly phoneHome: string;
  /** The attempt's token by itself, for installers that repeat one in their report (Proxmox 9.2). */
  readonly token: string;
  /** Of a file, relative to `assets/`. */
  asset(path: string): string;
  /** Of the parts of an image, by its name or its product's; null: there is none. */
  image(name: string): BootImage | null;
  readonly plain: PlainLinks;
  readonly agent: AgentLinks;
}

/** Addresses by plain HTTP in any case, for installers and shells that cannot be told a certificate's fingerprint. */
export interface PlainLinks {
  /** Of one of the kind's `files`; `""`: of their folder, with a slash at the end. */
  answerFile(name: string): string;
  /** POST what the installer is doing; from a shell also GET, with `step`, `outcome` and `text` as a query. */
  readonly progress: string;
  /** GET or POST: the system is installed. Fields of the report may follow as a query. */
  readonly installed: string;
  /** GET or POST: the install has failed. `reason` may follow as a query, or be the body. */
  readonly failed: string;
  /** GET: `ProfileKind.firstBootScript`. */
  readonly firstBootScript: string;
}

/** What the boot loader loads. `args` must not hold the name of an initrd: the script adds it. */
export interface BootPlan {
  readonly kernel: string;
  readonly initrds: readonly { readonly url: string /** File name inside the initramfs. */; readonly as?: string }[];
  readonly args: string;
}

export interface AnswerRequest {
  /** Every hardware address it named; never empty. */
  readonly macs: readonly MacAddress[];
  readonly uuid: SystemUuid | null;
  readonly serial: string | null;
  /** Absent: this kind of installer does not say it. */
  readonly boardSerial?: string | null;
  /** Every NIC of the machine. Absent: this kind of installer does not list them all. */
  readonly nics?: readonly MacAddress[];
  /** Of the machine, from SMBIOS. */
  readonly product: string | null;
  /** Of the installer: `9.2`; null: it did not say. */
  readonly release: string | null;
  /** What it installs, in its own words: `pve`. Absent or null: it did not say. */
  readonly installer?: string | null;
}

export interface Answer {
  readonly contentType: string;
  readonly text: string;
  /** The same with every secret replaced, for people to look at. */
  readonly masked: string;
}

export interface InstallReport {
  readonly macs: readonly MacAddress[];
  readonly uuid: SystemUuid | null;
  /** Of the system, from SMBIOS. Absent: this kind of installer does not say it. */
  readonly serial?: string | null;
  /** As the installer repeats it (Proxmox 9.2 `auth-token`); null: it did not. */
  readonly token: string | null;
  readonly inventory: Inventory;
}
