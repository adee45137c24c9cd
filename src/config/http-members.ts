import { z } from "zod";
import { oneOf, textLike, whole } from "../std/field.ts";

const path = textLike("path", 'a path such as "/health"', /^\/[A-Za-z0-9._~/-]*$/);

/** How new members come into a cluster by HTTP: `[cluster.http]`. */
export const HttpMembersSection = z.strictObject({
  scheme: oneOf(["http", "https"]).default("http").describe("What members speak."),
  port: whole(1, 65_535).default(2379).describe("Where the API of a member listens."),
  raft_port: whole(1, 65_535).default(2380).describe("Where members speak with each other."),
  role: oneOf(["control-plane", "worker", "all-in-one"]).default("all-in-one").describe("`node_role` of its nodes."),
  health_path: path.default("/health").describe("What a healthy node answers with status 200."),
  add_path: path
    .default("/admin/member/add")
    .describe("Where a member takes a new one (POST): 200 or 201, or 409 for one that it has already."),
  members_path: path
    .optional()
    .describe("The list of members, as JSON with their ids in it. It is asked after an answer that was lost."),
  peers: z
    .record(textLike("name", "a name such as flaredb_peers", /^[a-z][a-z0-9_]{0,40}$/), whole(1, 65_535), {
      error: "expected a table of names and ports",
    })
    .prefault({})
    .describe(
      "More lists of peers in `cluster-config.json`, by name, with the port of each: `{ flaredb_peers = 2480 }`.",
    ),
  members: z
    .array(
      textLike(
        "HTTP address",
        'the address of a member such as "http://10.11.0.5:2379"',
        /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/,
      ),
      { error: "expected a list of addresses" },
    )
    .prefault([])
    .describe("Members of a cluster that exists already. Left out: the first host begins the cluster."),
});
