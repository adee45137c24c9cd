import type { ReadyNode } from "../../src/registration/ready-node.ts";
import type { Instant } from "../../src/std/clock.ts";

export function readyNode(more: Partial<ReadyNode> = {}): ReadyNode {
  return {
    id: "52-54-00-ab-cd-01",
    readyAt: Date.UTC(2026, 10, 20, 12) as Instant,
    hostname: "node1",
    domain: "lab.example",
    address: "10.11.0.2",
    prefixLength: 22,
    profile: "pve",
    labels: [],
    serverType: null,
    uuid: null,
    bootMac: "52:54:00:ab:cd:01",
    product: "PowerEdge R640",
    serial: "7QXK2M3",
    system: "Proxmox VE 9.1.2",
    nics: [{ name: "eno1", mac: "52:54:00:ab:cd:01" }],
    disks: [],
    ...more,
  };
}
