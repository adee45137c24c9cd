import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../src", import.meta.url));
const TEST = fileURLToPath(new URL(".", import.meta.url));

/** What a room may import of another: everything, or types alone, and of these maybe only some files'. */
type Arrow = "all" | "types" | { readonly typesOf: readonly string[] };

/** Who may import whom (docs/architecture.md §2). An arrow that is not here is a mistake. */
const MAY_IMPORT: Readonly<Record<string, Readonly<Record<string, Arrow>>>> = {
  cli: {
    http: { typesOf: ["contract.ts", "order-bodies.ts"] },
    images: "all",
    doctor: "all",
    backup: "all",
    config: "all",
    std: "all",
  },
  // Alone with the disk, while no daemon is: it reads what the store saved, and writes it anew.
  backup: { store: "all", queue: "all", images: "all", config: "all", std: "all" },
  dashboard: { trace: "all", queue: "all", std: "all" },
  doctor: { config: "all", net: "all", std: "all" },
  portal: { queue: "all", net: "all", std: "all" },
  http: {
    boot: "all",
    profiles: "all",
    firstboot: "types",
    trace: "all",
    queue: "all",
    registration: "types",
    pool: "types",
    net: "all",
    std: "all",
  },
  boot: {
    dhcp: "all",
    tftp: "all",
    profiles: "all",
    firstboot: "types",
    trace: "all",
    queue: "all",
    pool: "all",
    net: "all",
    std: "all",
  },
  profiles: { firstboot: "all", queue: "types", net: "all", std: "all" },
  firstboot: { net: "all", std: "all" },
  // Not types alone: what changed is asked of the queue's own tables, and they are built again from the disk.
  store: { queue: "all", pool: "types", registration: "types", std: "all" },
  trace: { net: "all", std: "all" },
  registration: { std: "all" },
  images: { net: "all", std: "all" },
  cluster: { net: "all", std: "all" },
  power: { net: "all", std: "all" },
  dhcp: { net: "all", std: "all" },
  tftp: { net: "all", std: "all" },
  config: { net: "all", std: "all" },
  queue: { net: "all", std: "all" },
  pool: { net: "all", std: "all" },
  net: { std: "all" },
  std: {},
};

/** Which rooms know which package. `""` stands for the files directly in src/: the daemon and its parts. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  "@hono/node-server": [""],
  "@peculiar/x509": ["http"],
  commander: ["cli"],
  dhcp: ["doctor"],
  hono: ["", "http", "dashboard", "portal"],
  "ip-address": ["net"],
  lowdb: ["store"],
  "reflect-metadata": ["http"],
  "smol-toml": ["std", "profiles"],
  ssh2: ["cluster"],
  tftp: ["doctor"],
  yaml: ["profiles"],
  zod: ["std", "config", "profiles", "firstboot", "store", "trace", "http", "images", "backup"],
};

/** Rooms that decide and describe: no clock, no chance, no world. */
const PURE = new Set(["queue", "pool", "profiles", "firstboot", "net"]);

/** Files of pure rooms that may touch the world after all, and why. */
const IMPURE: Readonly<Record<string, string>> = {
  "firstboot/shell-files.ts": "reads the shell that lies beside it, so that it is shell and not text in a program",
  "net/open-udp.ts": "opens the real sockets that the rest of net/ only describes",
};

/** Files that no test of their own room reaches, and why that is right. */
const WITHOUT_TEST: Readonly<Record<string, string>> = {
  "cli/terminal-io.ts": "the terminal itself; the tests bring one of their own",
  "net/open-udp.ts": "real sockets; test/interop/ and test/fuzz/ go through it",
  "std/schema-reference.ts": "its pages are compared word for word in the tests of config/ and profiles/",
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file below src/ that it names; null: a package, or a module of Node. */
  readonly target: string | null;
  readonly typesOnly: boolean;
}

interface Source {
  /** Below src/, with slashes: `queue/slot.ts`. */
  readonly file: string;
  /** The folder; "" for a file directly in src/. */
  readonly room: string;
  readonly text: string;
  /** Without comments that have a line of their own. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** `import … from`, `export … from`, `import "…"` and `import("…")`; the braces may go over several lines. */
const STATEMENT =
  /^(?:import|export)\s+(type\s+)?((?:[\w*$]+(?:\s+as\s+[\w$]+)?\s*,?\s*)?(?:\{[^}]*\})?)\s*from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(STATEMENT)].map(([, type, names = "", from, effect, dynamic]) => {
    const specifier = from ?? effect ?? dynamic ?? "";
    const braces = /^\{([^}]*)\}$/.exec(names.trim())?.[1] ?? "";
    const each = braces.split(",").filter((name) => name.trim() !== "");
    const typesOnly = type !== undefined || (each.length > 0 && each.every((name) => /^\s*type\s/.test(name)));
    const target = specifier.startsWith(".") ? slashes(relative(SRC, join(dirname(path), specifier))) : null;
    return { from: slashes(relative(SRC, path)), specifier, target, typesOnly };
  });
}

function sourcesIn(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

function slashes(path: string): string {
  return path.split(sep).join("/");
}

// Declarations for packages without types hold no code.
const codeFiles = sourcesIn(SRC, ".ts").filter((path) => !path.endsWith(".d.ts"));
const sources: readonly Source[] = codeFiles.map((path) => {
  const file = slashes(relative(SRC, path));
  const text = readFileSync(path, "utf8");
  const code = text.replaceAll(/^\s*(\/\/.*|\/\*[\s\S]*?\*\/)\s*$/gm, "");
  return {
    file,
    room: file.includes("/") ? file.slice(0, file.indexOf("/")) : "",
    text,
    code,
    imports: importsOf(path, text),
  };
});

const inRooms = sources.filter(({ room }) => room !== "");

/** Every line that breaks a rule, so that one run shows them all. */
function assertNone(breaches: readonly string[]): void {
  assert.deepEqual(breaches, []);
}

describe("the parser of imports", () => {
  const cases: readonly [text: string, specifier: string, typesOnly: boolean][] = [
    ['import { a } from "./a.ts";', "./a.ts", false],
    ['import type { A } from "./a.ts";', "./a.ts", true],
    ['import { type A, type B } from "./a.ts";', "./a.ts", true],
    ['import { type A, b } from "./a.ts";', "./a.ts", false],
    ['import {\n  type A,\n  b,\n} from "./a.ts";', "./a.ts", false],
    ['import * as a from "./a.ts";', "./a.ts", false],
    ['import a, { b } from "./a.ts";', "./a.ts", false],
    ['export { a } from "./a.ts";', "./a.ts", false],
    ['export type { A } from "./a.ts";', "./a.ts", true],
    ['export * from "./a.ts";', "./a.ts", false],
    ['import "./a.ts";', "./a.ts", false],
    ['  const a = await import("./a.ts");', "./a.ts", false],
  ];
  for (const [text, specifier, typesOnly] of cases) {
    test(`reads ${JSON.stringify(text)}`, () => {
      const found = importsOf(join(SRC, "queue", "x.ts"), text);
      assert.deepEqual(
        found.map((each) => [each.specifier, each.typesOnly]),
        [[specifier, typesOnly]],
      );
    });
  }

  test("finds every import of every file", () => {
    for (const { file, text, imports } of sources) {
      const lines = text.match(/\bfrom "[^"\n]+";$|^import "[^"\n]+";$|\bimport\("[^"\n]+"\)/gm) ?? [];
      assert.equal(imports.length, lines.length, file);
    }
  });
});

describe("rooms", () => {
  test("are all in the table", () => {
    assertNone([...new Set(inRooms.map(({ room }) => room))].filter((room) => !(room in MAY_IMPORT)));
  });

  test("have tests of their own", () => {
    const rooms = new Set(inRooms.map(({ room }) => room));
    assertNone([...rooms].filter((room) => sourcesIn(join(TEST, room), ".test.ts").length === 0));
  });

  test("import only what stands below them", () => {
    const breaches = inRooms.flatMap(({ room, file, imports }) =>
      imports.flatMap(({ target, typesOnly }) => {
        if (target === null) return [];
        const [into = "", ...rest] = target.split("/");
        if (rest.length === 0) return [`${file} imports ${target}, which stands outside the rooms`];
        if (into === room) return [];
        const arrow = MAY_IMPORT[room]?.[into];
        if (arrow === undefined) return [`${file} imports ${target}: there is no arrow from ${room} to ${into}`];
        if (arrow === "all") return [];
        if (!typesOnly) return [`${file} imports ${target}: only types may go from ${into} to ${room}`];
        if (arrow !== "types" && !arrow.typesOf.includes(rest.join("/")))
          return [`${file} imports ${target}: of ${into} only ${arrow.typesOf.join(", ")} may go to ${room}`];
        return [];
      }),
    );
    assertNone(breaches);
  });

  test("have no file that their own tests do not reach", () => {
    const byFile = new Map(sources.map((source) => [source.file, source]));
    const rooms = new Set(inRooms.map(({ room }) => room));
    const untested = [...rooms].flatMap((room) => {
      const tests = sourcesIn(join(TEST, room), ".ts").flatMap((path) => importsOf(path, readFileSync(path, "utf8")));
      const reached = new Set<string>();
      const follow = (target: string | null) => {
        if (target === null || reached.has(target)) return;
        reached.add(target);
        const found = byFile.get(target);
        // Test supports stand outside src/ and lead into it as well.
        const next = found?.imports ?? supportImports(target);
        for (const { target: further } of next) follow(further);
      };
      for (const { target } of tests) follow(target);
      return inRooms.filter((source) => source.room === room && !reached.has(source.file)).map(({ file }) => file);
    });
    assertNone(untested.filter((file) => !(file in WITHOUT_TEST)));
  });

  test("that are pure touch no clock, no chance and no world", () => {
    const breaches = inRooms
      .filter(({ room, file }) => PURE.has(room) && !(file in IMPURE))
      .flatMap(({ file, imports, code }) => [
        ...imports
          .filter(({ specifier }) => specifier.startsWith("node:"))
          .map(({ specifier }) => `${file} imports ${specifier}`),
        ...(
          code.match(
            /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|process\.\w+|set(?:Timeout|Interval|Immediate)|queueMicrotask)\b/g,
          ) ?? []
        ).map((call) => `${file} uses ${call}`),
      ]);
    assertNone(breaches);
  });
});

describe("packages", () => {
  test("are known to their own rooms only", () => {
    const breaches = sources.flatMap(({ file, room, imports }) =>
      imports.flatMap(({ specifier, target }) => {
        if (target !== null || specifier.startsWith("node:")) return [];
        const [scope = "", name = ""] = specifier.split("/");
        const pack = scope.startsWith("@") ? `${scope}/${name}` : scope;
        return MAY_USE[pack]?.includes(room) ? [] : [`${file} imports ${specifier}`];
      }),
    );
    assertNone(breaches);
  });

  test("that are installed for src/ are all in the table", () => {
    const { dependencies } = JSON.parse(readFileSync(join(SRC, "..", "package.json"), "utf8"));
    assertNone(Object.keys(dependencies).filter((name) => !(name in MAY_USE)));
  });

  test("Node's own modules are named with node:", () => {
    const bare =
      /^(?:assert|buffer|child_process|crypto|dgram|dns|events|fs|http|https|net|os|path|stream|timers|tls|url|util|zlib)(?:\/|$)/;
    assertNone(
      sources.flatMap(({ file, imports }) =>
        imports.filter(({ specifier }) => bare.test(specifier)).map(({ specifier }) => `${file} imports ${specifier}`),
      ),
    );
  });
});

describe("files", () => {
  test("import by the real name of the file", () => {
    const breaches = sources.flatMap(({ file, imports }) =>
      imports
        .filter(({ target }) => target !== null && !existsSync(join(SRC, target)))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );
    assertNone(breaches);
  });

  test("are named for one thing, in kebab-case, and none is an index or a drawer", () => {
    const drawer = /(?:^|\/)(?:index|util|utils|helper|helpers|common|types|constants)\.ts$/;
    assertNone(
      sources
        .map(({ file }) => file)
        .filter((file) => drawer.test(file) || !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.ts$/.test(file)),
    );
  });

  const forbidden: readonly { what: string; pattern: RegExp }[] = [
    { what: "export a default", pattern: /^export\s+default\b|\bas\s+default\b/m },
    { what: "say any", pattern: /(?:[:<,|(&=]|\bas)\s*any\s*(?:[>[\];,)|=&{}]|$)/m },
    { what: "silence the compiler", pattern: /@ts-(?:ignore|expect-error|nocheck)|biome-ignore-all/ },
    { what: "put work off", pattern: /\b(?:TODO|FIXME|XXX)\b/ },
    {
      what: "have an enum, a namespace or a require",
      pattern: /^\s*(?:export\s+)?(?:const\s+)?(?:enum|namespace)\s|\brequire\(/m,
    },
  ];
  for (const { what, pattern } of forbidden) {
    test(`never ${what}`, () => {
      assertNone(
        sources
          .filter(({ text, code }) => pattern.test(/@ts|TODO/.test(pattern.source) ? text : code))
          .map(({ file }) => file),
      );
    });
  }

  test("that are named as exceptions exist", () => {
    const files = new Set(sources.map(({ file }) => file));
    assertNone([...Object.keys(IMPURE), ...Object.keys(WITHOUT_TEST)].filter((file) => !files.has(file)));
  });
});

/** Imports of a file of test/, by its path relative to src/. */
function supportImports(target: string): readonly Import[] {
  const path = join(SRC, target);
  return target.startsWith("../test/") && existsSync(path) ? importsOf(path, readFileSync(path, "utf8")) : [];
}
