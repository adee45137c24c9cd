import { z } from "zod";
import {
  AnswerView,
  ApiError,
  FootprintView,
  HostDetailView,
  HostsView,
  HostView,
  InventoryView,
  LeasesView,
  LeaseView,
  OperatorTokenView,
  OrderDone,
  PowerDone,
  PowerView,
  RebuildPlanRow,
  RebuildPlanView,
  RebuildsView,
  RegistrationsView,
  SlotsView,
  SlotView,
  StateChange,
  StatusView,
  TargetsView,
  TimelineView,
  TlsRotated,
  TlsView,
} from "./contract.ts";
import {
  EmptyBody,
  LoginBody,
  ModeBody,
  PowerBody,
  RebuildBody,
  RebuildsBody,
  RegisterBody,
  ResetBody,
  SkipBody,
  TlsRotateBody,
} from "./order-bodies.ts";

/** One route of the operator's listener, as the reference describes it. */
export interface ApiRoute {
  readonly method: "get" | "post" | "delete";
  /** As OpenAPI writes it: `/api/hosts/{ref}`. */
  readonly path: string;
  readonly summary: string;
  readonly needs: "nothing" | "credential" | "socket";
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  /** A schema for JSON, a content type for anything else, null for an empty answer. */
  readonly answer: z.ZodType | string | null;
  /** Refusals that are likely here. */
  readonly refusals: readonly number[];
}

/** Every route; a test compares it with what the app serves. */
export const API_ROUTES: readonly ApiRoute[] = [
  look("/api/status", "How the appliance is, in one look.", StatusView),
  look("/api/slots", "Every slot, in the order in which they are given out.", SlotsView),
  look("/api/leases", "Addresses of the pool that clients have or had.", LeasesView),
  look("/api/hosts", "Every host, in the order in which they were first seen.", HostsView),
  look("/api/hosts/{ref}", "Everything known of one host.", HostDetailView, [404]),
  {
    ...look(
      "/api/hosts/{ref}/answer",
      "The answer file that its installer would get.",
      AnswerView,
      [400, 403, 404, 409],
    ),
    query: {
      release: "Of the installer, such as 9.1; left out: the newest that the profile knows.",
      product: "What the machine's firmware calls it; left out: what is known.",
      secrets:
        "`true`: with its secrets. Over the Unix socket only: with them a machine could be passed off as this one.",
    },
  },
  {
    ...look("/api/timeline", "What hosts did lately, and what was done for them.", TimelineView, [400]),
    query: { mac: "Only of this hardware address.", limit: "At most so many, the latest; 100 if left out." },
  },
  look(
    "/api/events",
    "Server-sent events: `state` (StateChange) and `footprint` (FootprintView). `Last-Event-ID` resumes.",
    "text/event-stream",
    [503],
  ),
  look("/api/registrations", "Which systems were told of which host.", RegistrationsView),
  look("/api/rebuilds", "The rebuild of several hosts that is under way, or the last one.", RebuildsView),
  {
    ...look("/api/rebuilds/plan", "Whom such a rebuild would concern; nothing is done yet.", RebuildPlanView, [404]),
    query: {
      all: "`true`: every host that has a slot.",
      label: "Hosts in slots with this label; may be given several times.",
      host: "This one, as people name it; may be given several times.",
    },
  },
  {
    ...look("/api/prometheus-targets", "Hosts that are ready, for Prometheus' `http_sd_configs`.", TargetsView, [400]),
    query: { port: "Of the exporter on them; 9100 if left out." },
  },
  look("/api/openapi.json", "This description.", "application/json"),
  look("/healthz", "200 as long as the daemon runs.", "text/plain"),
  look("/readyz", "200 when machines are served, else 503 with the reasons.", "text/plain", [503]),
  look("/metrics", "Numbers for Prometheus.", "text/plain"),
  change("post", "/api/hosts", "Registers a host before it is first seen.", RegisterBody),
  change(
    "delete",
    "/api/hosts/{ref}",
    "Resets a host: it gives its slot back and is forgotten, or stays registered if an operator registered it.",
    ResetBody,
  ),
  change("post", "/api/hosts/{ref}/reset", "The same.", ResetBody),
  change(
    "post",
    "/api/hosts/{ref}/rebuild",
    "Arms an install: its disks are wiped at its next network boot, which is at once where its power can be switched.",
    RebuildBody,
  ),
  change("post", "/api/hosts/{ref}/approve", "Lets a waiting host take the next slot.", EmptyBody),
  change("post", "/api/hosts/{ref}/retry", "Tries a cluster join again that failed.", EmptyBody),
  change("post", "/api/hosts/{ref}/mark-installed", "Accepts a host as installed as it is.", EmptyBody),
  change(
    "post",
    "/api/hosts/{ref}/mode",
    "How DHCP serves a host, whatever the configuration says; also one that is not known yet, by its hardware address.",
    ModeBody,
  ),
  {
    ...look("/api/hosts/{ref}/power", "Asks the machine's BMC whether it is on, and how it is.", PowerView),
    needs: "credential",
    refusals: [401, 404, 409, 502],
  },
  {
    ...change(
      "post",
      "/api/hosts/{ref}/power",
      "Switches a machine on or off, restarts it, or chooses the network for its next boot. Answers when that is done, which may take minutes.",
      PowerBody,
    ),
    answer: PowerDone,
    refusals: [400, 401, 403, 404, 409, 413, 502],
  },
  change("post", "/api/slots/{ref}/skip", "Gives the slot to nobody until it is unskipped.", SkipBody),
  change("post", "/api/slots/{ref}/unskip", "Lets the slot be given out again.", EmptyBody),
  change("post", "/api/rebuilds", "Arms several hosts in turns: their disks are wiped.", RebuildsBody),
  change("post", "/api/rebuilds/stop", "Arms no further one of them; those that are armed go on.", EmptyBody),
  change("post", "/api/rebuilds/resume", "Goes on with those that had no turn yet.", EmptyBody),
  change("post", "/api/registrations/retry", "Begins anew with those that were given up.", EmptyBody),
  change("post", "/api/queue/pause", "No unknown host takes a slot any more.", EmptyBody),
  change("post", "/api/queue/resume", "Unknown hosts take slots again.", EmptyBody),
  {
    method: "post",
    path: "/api/login",
    summary: "Opens a session with the operator token: a cookie, for browsers.",
    needs: "nothing",
    body: LoginBody,
    answer: null,
    refusals: [400, 401, 403, 429],
  },
  {
    method: "post",
    path: "/api/logout",
    summary: "Closes the session.",
    needs: "nothing",
    answer: null,
    refusals: [403],
  },
  {
    method: "post",
    path: "/api/operator-token",
    summary: "Makes a new operator token and voids the one before, with every session.",
    needs: "socket",
    answer: OperatorTokenView,
    refusals: [403],
  },
  {
    method: "post",
    path: "/api/tls/rotate",
    summary: "Another certificate for machines; those whose install began with the one before meet that until it ends.",
    needs: "socket",
    body: TlsRotateBody,
    answer: TlsRotated,
    refusals: [400, 403, 409],
  },
];

/** OpenAPI 3.1, made of the schemas that check and type the routes. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of API_ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "bootqueue",
      version,
      description: "Reading is open on the operator's listener; changes need the operator token or a session.",
    },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "As `bootqueue token` printed it." },
        session: { type: "apiKey", in: "cookie", name: "bootqueue_session" },
      },
    },
  };
}

function look(path: string, summary: string, answer: z.ZodType | string, refusals: readonly number[] = []): ApiRoute {
  return { method: "get", path, summary, needs: "nothing", answer, refusals };
}

function change(method: "post" | "delete", path: string, summary: string, body: z.ZodType): ApiRoute {
  const refusals =
    path.includes("{ref}") || body === RegisterBody || body === RebuildsBody
      ? [400, 401, 403, 404, 409, 413]
      : [400, 401, 403];
  return { method, path, summary, needs: "credential", body, answer: OrderDone, refusals };
}

const NAMED: Readonly<Record<string, z.ZodType>> = {
  TlsView,
  TlsRotated,
  StatusView,
  SlotView,
  SlotsView,
  HostView,
  HostsView,
  HostDetailView,
  AnswerView,
  InventoryView,
  LeasesView,
  LeaseView,
  FootprintView,
  TimelineView,
  StateChange,
  TargetsView,
  OrderDone,
  PowerBody,
  PowerDone,
  PowerView,
  OperatorTokenView,
  ApiError,
  RebuildPlanRow,
  RebuildPlanView,
  RebuildBody,
  RebuildsBody,
  RebuildsView,
  RegisterBody,
  RegistrationsView,
  ResetBody,
  ModeBody,
  SkipBody,
  EmptyBody,
  LoginBody,
  TlsRotateBody,
};

function operationOf(route: ApiRoute): Record<string, unknown> {
  const parameters = [
    ...(route.path.includes("{ref}") ? [refParameter(route.path)] : []),
    ...Object.entries(route.query ?? {}).map(([name, description]) => ({
      name,
      in: "query",
      description,
      schema: { type: "string" },
    })),
  ];
  const security = route.needs === "credential" ? { security: [{ token: [] }, { session: [] }] } : {};
  return {
    summary: route.summary,
    ...(route.needs === "socket" ? { description: "On the Unix socket only." } : {}),
    ...security,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: { content: jsonOf(route.body) } } : {}),
    responses: {
      ...successOf(route.answer),
      ...Object.fromEntries(
        route.refusals.map((status) => [status, { description: STATUS_WORDS[status], content: jsonOf(ApiError) }]),
      ),
    },
  };
}

function refParameter(path: string): Record<string, unknown> {
  const description = path.startsWith("/api/slots")
    ? "Number, address or hostname of the slot."
    : "Id, UUID or any hardware address of the host; number, address or hostname of its slot; or a beginning of these.";
  return { name: "ref", in: "path", required: true, description, schema: { type: "string" } };
}

function successOf(answer: ApiRoute["answer"]): Record<string, unknown> {
  if (answer === null) return { 204: { description: "Done." } };
  if (typeof answer === "string") return { 200: { description: "OK.", content: { [answer]: {} } } };
  return { 200: { description: "OK.", content: jsonOf(answer) } };
}

/** What each refusal means, here and in the reference. */
export const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: "It cannot be read.",
  401: "It needs a login, or the token is wrong.",
  403: "It came under a foreign name, from a foreign page, or not by the socket.",
  404: "Nobody of that name, or more than one.",
  409: "Not in this state; nothing was done.",
  413: "The body is too large.",
  429: "Too many wrong tokens; `Retry-After` says when to try again.",
  502: "The machine's BMC did not do it, or did not answer.",
  503: "Not now.",
};

/** The name under which the reference lists a schema. */
export function schemaName(schema: z.ZodType): string {
  return Object.entries(NAMED).find(([, named]) => named === schema)?.[0] ?? "";
}

function jsonOf(schema: z.ZodType): Record<string, unknown> {
  return { "application/json": { schema: { $ref: refTo(schemaName(schema)) } } };
}

function refTo(name: string): string {
  return `#/components/schemas/${name}`;
}

function componentSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  // Bodies are described as they are sent, answers hold no transforms: `input` is right for both.
  const { schemas } = z.toJSONSchema(registry, { uri: refTo, io: "input" });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $id, $schema, ...schema }]) => [id, schema]));
}
