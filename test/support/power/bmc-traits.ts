/** How a make of BMC speaks Redfish: what of it our side has to cope with. */
export interface BmcTraits {
  /** Of the service root. */
  readonly root: Readonly<Record<string, unknown>>;
  readonly manufacturer: string;
  /** What systems are called, where there is one. */
  readonly systemId: string;
  readonly resetTypes: readonly string[];
  /** Where the types are listed. */
  readonly resetTypesIn: "the action" | "an action info" | "nowhere";
  readonly bootTargets: readonly string[];
  /**
   * The boot mode in a request. `taken`: as it should be. `read-only`: refuses all of it. `else-legacy`: without it, it
   * falls back to Legacy. `required`: refuses a request without it.
   */
  readonly mode: "taken" | "read-only" | "else-legacy" | "required";
  /** `linked`: changes go to a settings object that the system names. `unnamed`: to one below it that nobody names. */
  readonly settings: "none" | "linked" | "unnamed";
  /** `required`: a change without one is refused. `volatile`: and it changes by itself. `weak-refused`: gives only what it refuses. */
  readonly etag: "none" | "optional" | "required" | "volatile" | "weak-refused";
  readonly sessions: "any number" | "none" | 1;
  /** Answers 406 to a wish for no compression. */
  readonly wantsCompression: boolean;
}

const USUAL_RESETS = ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "Nmi"];
const USUAL_TARGETS = ["None", "Pxe", "Cd", "Hdd", "BiosSetup", "UefiHttp"];

/** By the standard, without a fault. */
export const PLAIN: BmcTraits = {
  root: { Vendor: "Contoso" },
  manufacturer: "Contoso",
  systemId: "437XR1138R2",
  resetTypes: USUAL_RESETS,
  resetTypesIn: "the action",
  bootTargets: USUAL_TARGETS,
  mode: "taken",
  settings: "none",
  etag: "optional",
  sessions: "any number",
  wantsCompression: false,
};

/** As operators and other projects describe five makes (see `docs/how-to/power-control.md`); no recordings of ours. */
export const MAKES: Readonly<Record<string, BmcTraits>> = {
  Supermicro: {
    ...PLAIN,
    root: { Vendor: "Supermicro", Oem: { Supermicro: {} } },
    manufacturer: "Supermicro",
    systemId: "1",
    mode: "else-legacy",
    resetTypesIn: "an action info",
    etag: "optional",
  },
  Dell: {
    ...PLAIN,
    root: { Vendor: "Dell", Product: "Integrated Dell Remote Access Controller", Oem: { Dell: {} } },
    manufacturer: "Dell Inc.",
    systemId: "System.Embedded.1",
    settings: "linked",
    etag: "weak-refused",
    sessions: 1,
  },
  HPE: {
    ...PLAIN,
    root: { Vendor: "HPE", Product: "ProLiant DL360 Gen10", Oem: { Hpe: {} } },
    manufacturer: "HPE",
    systemId: "1",
    resetTypes: ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "PushPowerButton"],
    mode: "read-only",
    wantsCompression: true,
  },
  Lenovo: {
    ...PLAIN,
    root: { Vendor: "Lenovo", Oem: { Lenovo: {} } },
    manufacturer: "Lenovo",
    systemId: "1",
    resetTypesIn: "nowhere",
    etag: "volatile",
  },
  AMI: {
    ...PLAIN,
    root: { Vendor: "AMI", Product: "AMI Redfish Server", Oem: { Ami: {} } },
    manufacturer: "ASRockRack",
    systemId: "Self",
    mode: "required",
    settings: "unnamed",
    etag: "required",
  },
};
