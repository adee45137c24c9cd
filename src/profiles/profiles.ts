import type { MacAddress } from "../net/mac-address.ts";
import type { ProfileFlow } from "../queue/rules.ts";
import type { ProfileName } from "../queue/slot.ts";
import { checkDocument, describeValue } from "../std/check-document.ts";
import { formatChoice } from "../std/field.ts";
import { nearest } from "../std/nearest.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { parseToml } from "../std/toml.ts";
import type { ImageWish, StoredImage } from "./boot-image.ts";
import type {
  Answer,
  AnswerFile,
  AnswerFiles,
  AnswerRequest,
  BootPlan,
  InstallProgress,
  InstallReport,
  InstallTarget,
  Links,
  ProfileKind,
} from "./kind.ts";
import { KIND_NAMES, withKind } from "./kinds.ts";

/** A profile with its kind and settings bound, so that callers need to know neither. For each method see `ProfileKind`. */
export interface Profile {
  readonly name: ProfileName;
  /** Name of its kind: `proxmox`. */
  readonly kind: string;
  /** true: its firmware is given shim and GRUB, which Secure Boot accepts, instead of iPXE. */
  readonly secureBoot: boolean;
  warnings(): readonly Problem[];
  flow(): ProfileFlow;
  usesDhcpOnceInstalled(): boolean;
  image(): ImageWish | null;
  assets(image?: StoredImage | null): readonly string[];
  bootPlan(target: InstallTarget, links: Links): BootPlan;
  readAnswerRequest(body: unknown): Result<AnswerRequest, readonly Problem[]>;
  answer(target: InstallTarget, links: Links, request: AnswerRequest): Result<Answer, readonly Problem[]>;
  /** null: its installer posts for one answer. */
  readonly files: BoundFiles | null;
  readInstallReport(body: unknown): Result<InstallReport, readonly Problem[]>;
  readProgress(body: unknown): InstallProgress | null;
  firstBootScript(target: InstallTarget, links: Links): string | null;
  /** What would keep `answer` from being served to this target, found out before a machine asks. */
  checkTarget(target: InstallTarget): readonly Problem[];
}

/** `AnswerFiles` with the settings bound. */
export interface BoundFiles {
  readonly names: readonly string[];
  readonly decisive: string;
  render(target: InstallTarget, links: Links): Result<ReadonlyMap<string, AnswerFile>, readonly Problem[]>;
  macsOf(headers: Headers): readonly MacAddress[];
}

export type Profiles = ReadonlyMap<ProfileName, Profile>;

/** The text of a profile's file, and where it stands. */
export interface ProfileSource {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/** All of them, or everything that is wrong in any; paths start with the file's name. */
export function parseProfiles(sources: readonly ProfileSource[]): Result<Profiles, readonly Problem[]> {
  const profiles = new Map<ProfileName, Profile>();
  const problems: Problem[] = [];
  for (const { name, file, text } of sources) {
    const profile = parseProfile(name, text);
    if (profile.ok) profiles.set(profile.value.name, profile.value);
    else
      problems.push(
        ...profile.error.map(({ path, message }) => ({ path: path === "" ? file : `${file}: ${path}`, message })),
      );
  }
  return problems.length > 0 ? err(problems) : ok(profiles);
}

/** `name` is the file's without `.toml`. */
export function parseProfile(name: string, text: string): Result<Profile, readonly Problem[]> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) {
    return err([
      { path: "", message: `expected a file name of letters, digits, - and _, found ${JSON.stringify(name)}` },
    ]);
  }
  const document = parseToml(text);
  if (!document.ok) return err([document.error]);
  // TOML has a table at its root, whatever the text.
  const { kind, secure_boot: secureBoot = false, ...rest } = document.value as Record<string, unknown>;
  const wanted = `expected ${formatChoice(KIND_NAMES)}`;
  if (typeof kind !== "string") {
    const message = kind === undefined ? `missing: ${wanted}` : `${wanted}, found ${describeValue(kind)}`;
    return err([{ path: "kind", message }]);
  }
  if (typeof secureBoot !== "boolean") {
    return err([{ path: "secure_boot", message: `expected true or false, found ${describeValue(secureBoot)}` }]);
  }
  const profile = withKind(kind, (found) => bind(name as ProfileName, secureBoot, found, rest));
  if (profile !== null) return profile;
  const near = nearest(kind, KIND_NAMES);
  const hint = near === null ? "" : `; did you mean "${near}"?`;
  return err([{ path: "kind", message: `${wanted}, found ${describeValue(kind)}${hint}` }]);
}

function bind<Settings>(
  name: ProfileName,
  secureBoot: boolean,
  kind: ProfileKind<Settings>,
  document: unknown,
): Result<Profile, readonly Problem[]> {
  const checked = checkDocument(kind.settings, document, kind.hints);
  if (!checked.ok) return checked;
  const settings = checked.value;
  const problems = kind.check(settings);
  if (problems.length > 0) return err(problems);
  const profile: Profile = {
    name,
    kind: kind.name,
    secureBoot,
    warnings: () => kind.warnings(settings),
    flow: () => kind.flow(settings),
    usesDhcpOnceInstalled: () => kind.usesDhcpOnceInstalled(settings),
    image: () => kind.image(settings),
    assets: (image = null) => kind.assets(settings, image),
    bootPlan: (target, links) => kind.bootPlan(settings, target, links),
    readAnswerRequest: (body) => kind.readAnswerRequest(body),
    answer: (target, links, request) => kind.answer(settings, target, links, request),
    files: kind.files === null ? null : bindFiles(kind.files, settings),
    readInstallReport: (body) => kind.readInstallReport(body),
    readProgress: (body) => kind.readProgress(body),
    firstBootScript: (target, links) => kind.firstBootScript(settings, target, links),
    checkTarget: (target) => {
      const trial = kind.answer(settings, target, TRIAL_LINKS, { ...TRIAL_REQUEST, macs: [target.bootMac] });
      return trial.ok ? [] : trial.error;
    },
  };
  return ok(profile);
}

function bindFiles<Settings>(files: AnswerFiles<Settings>, settings: Settings): BoundFiles {
  const { names, decisive } = files;
  return {
    names,
    decisive,
    render: (target, links) => files.render(settings, target, links),
    macsOf: (headers) => files.macsOf(headers),
  };
}

const TRIAL_LINKS: Links = {
  answer: "http://192.0.2.1/",
  installed: "http://192.0.2.1/",
  firstBootScript: "http://192.0.2.1/",
  phoneHome: "http://192.0.2.1/",
  token: "",
  certFingerprint: null,
  asset: (path) => `http://192.0.2.1/${path}`,
  image: () => null,
  plain: {
    answerFile: (name) => `http://192.0.2.1/${name}`,
    progress: "http://192.0.2.1/",
    installed: "http://192.0.2.1/",
    failed: "http://192.0.2.1/",
  },
  agent: { base: "http://192.0.2.1", trust: null },
};

const TRIAL_REQUEST = { uuid: null, serial: null, product: null, release: null } as const;
