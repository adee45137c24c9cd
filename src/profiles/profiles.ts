import type { ProfileFlow } from "../queue/rules.ts";
import type { ScriptMeaning } from "../queue/script-booting.ts";
import type { ProfileName } from "../queue/slot.ts";
import { describeValue } from "../std/check-document.ts";
import { formatChoice } from "../std/field.ts";
import { nearest } from "../std/nearest.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { parseToml } from "../std/toml.ts";
import type { AnswerLine } from "./answer-origins.ts";
import { bindProfile } from "./bind-profile.ts";
import type { ImageWish, StoredImage } from "./boot-image.ts";
import type {
  Answer,
  AnswerFile,
  AnswerRequest,
  BootPlan,
  FileRequest,
  InstallProgress,
  InstallReport,
  InstallTarget,
  Links,
  ProfileKind,
  RemoteInstall,
} from "./kind.ts";
import { KIND_NAMES, withKind, withTemplateKind } from "./kinds.ts";
import type { Layer, MergedSettings } from "./layers.ts";
import type { ServerType } from "./server-type.ts";

/** A profile with its kind and settings bound, so that callers need to know neither. For each method see `ProfileKind`. */
export interface Profile {
  readonly name: ProfileName;
  /** Name of its kind: `proxmox`. */
  readonly kind: string;
  /** true: its firmware is given shim and GRUB, which Secure Boot accepts, instead of iPXE. */
  readonly secureBoot: boolean;
  readonly namesHardware: boolean;
  warnings(): readonly Problem[];
  flow(): ProfileFlow;
  usesDhcpOnceInstalled(): boolean;
  image(): ImageWish | null;
  assets(image?: StoredImage | null): readonly string[];
  bootPlan(target: InstallTarget, links: Links): BootPlan;
  script(): ScriptMeaning | null;
  readAnswerRequest(body: unknown): Result<AnswerRequest, readonly Problem[]>;
  answer(target: InstallTarget, links: Links, request: AnswerRequest): Result<Answer, readonly Problem[]>;
  /** null: its installer posts for one answer. */
  readonly files: BoundFiles | null;
  readInstallReport(body: unknown): Result<InstallReport, readonly Problem[]>;
  readProgress(body: unknown): InstallProgress | null;
  remote(target: InstallTarget): RemoteInstall | null;
  firstBootScript(target: InstallTarget, links: Links): string | null;
  /** What would keep `answer` from being served to this target, found out before a machine asks. */
  checkTarget(target: InstallTarget): readonly Problem[];
  /** The same profile with what is said elsewhere laid over its own settings. Never throws; see `problems`. */
  with(overlay: Overlay): Profile;
  /**
   * What is wrong with these settings as a whole, each with its file; then nothing is answered. Of a profile that came out
   * of `parseProfile`, empty, or what is missing because every slot brings it.
   */
  readonly problems: readonly Problem[];
  /** The lines of one of its answers, each with where it comes from; null: of this kind nobody can tell. */
  originsOf(masked: string): readonly AnswerLine[] | null;
  /** Every setting and where it comes from; secrets among them. */
  readonly said: MergedSettings["said"];
}

/** What is laid over a profile for one machine. */
export interface Overlay {
  /** null: the machine is of none. */
  readonly serverType: ServerType | null;
  /** Of the slot, then of the host. */
  readonly layers: readonly Layer[];
}

/** `AnswerFiles` with the settings bound. */
export interface BoundFiles {
  readonly names: readonly string[];
  readonly decisive: string;
  render(target: InstallTarget, links: Links): Result<ReadonlyMap<string, AnswerFile>, readonly Problem[]>;
  identityOf(headers: Headers): FileRequest;
}

export type Profiles = ReadonlyMap<ProfileName, Profile>;

/** The text of a profile's file, and where it stands. */
export interface ProfileSource {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/**
 * All of them, or everything that is wrong in any; paths start with the file's name. `overlaysOf`: what is laid over a
 * profile on the machines that get it; one that is whole only with them is fine.
 */
export function parseProfiles(
  sources: readonly ProfileSource[],
  overlaysOf: (name: string) => readonly Overlay[] = () => [],
  templates: ReadonlyMap<string, string> = new Map(),
): Result<Profiles, readonly Problem[]> {
  const profiles = new Map<ProfileName, Profile>();
  const problems: Problem[] = [];
  for (const { name, file, text } of sources) {
    const profile = parseProfile(name, text, { file, overlays: overlaysOf(name), templates });
    if (profile.ok) profiles.set(profile.value.name, profile.value);
    else
      problems.push(
        ...profile.error.map(({ path, message }) => ({ path: path === "" ? file : `${file}: ${path}`, message })),
      );
  }
  return problems.length > 0 ? err(problems) : ok(profiles);
}

/** What a profile is read with. */
export interface ProfileSurroundings {
  /** Where it stands, for messages. */
  readonly file?: string;
  /** What is laid over it on some machine. */
  readonly overlays?: readonly Overlay[];
  /** The texts of the files beside it, by name: `answer.toml`. */
  readonly templates?: ReadonlyMap<string, string>;
}

/** `name` is the file's without `.toml`. */
export function parseProfile(
  name: string,
  text: string,
  { file = `${name}.toml`, overlays = [], templates = new Map() }: ProfileSurroundings = {},
): Result<Profile, readonly Problem[]> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) {
    return err([
      { path: "", message: `expected a file name of letters, digits, - and _, found ${JSON.stringify(name)}` },
    ]);
  }
  const document = parseToml(text);
  if (!document.ok) return err([document.error]);
  // TOML has a table at its root, whatever the text.
  const { kind, secure_boot: secureBoot = false, template, ...values } = document.value as Record<string, unknown>;
  const wanted = `expected ${formatChoice(KIND_NAMES)}`;
  if (typeof kind !== "string") {
    const message = kind === undefined ? `missing: ${wanted}` : `${wanted}, found ${describeValue(kind)}`;
    return err([{ path: "kind", message }]);
  }
  if (typeof secureBoot !== "boolean") {
    return err([{ path: "secure_boot", message: `expected true or false, found ${describeValue(secureBoot)}` }]);
  }
  const base = { name: `profile ${name}`, file, path: "", values };
  const use = <Settings>(found: ProfileKind<Settings>) =>
    bindProfile({ name: name as ProfileName, secureBoot, kind: found, base }, overlays);
  if (template !== undefined && KIND_NAMES.includes(kind)) {
    const text = typeof template === "string" ? templates.get(template) : undefined;
    const known = templates.size === 0 ? "" : `; there are: ${[...templates.keys()].join(", ")}`;
    const message = `expected the name of a file beside the profile such as "answer.toml", found ${describeValue(template)}${known}`;
    if (text === undefined) return err([{ path: "template", message }]);
    const made = withTemplateKind(kind, { name: String(template), text }, use);
    return made ?? err([{ path: "template", message: `profiles of the kind ${kind} take no template` }]);
  }
  const profile = withKind(kind, use);
  if (profile !== null) return profile;
  const near = nearest(kind, KIND_NAMES);
  const hint = near === null ? "" : `; did you mean "${near}"?`;
  return err([{ path: "kind", message: `${wanted}, found ${describeValue(kind)}${hint}` }]);
}
