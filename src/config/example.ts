/** A whole configuration file, as it stands in the reference: every section, with what most people change first. */
export const EXAMPLE_CONFIG = `# /etc/bootqueue/bootqueue.toml
[network]
interface = "eth0"
address = "10.11.0.1"             # our own
subnet = "10.11.0.0/22"
router = "10.11.0.1"
dns = ["10.11.0.1"]
domain = "lab.example"
lease_seconds = 3600

[dhcp]
mode = "authoritative"            # or "proxy", beside another DHCP server
provisioned = "ignore"            # or "local-boot"
bogus_uuids = []
options = [{ code = 42, hex = "0a0b0001" }]

[dhcp.boot_files]                 # below assets
bios = "undionly.kpxe"
uefi_x64 = "snponly.efi"
uefi_arm64 = "arm64/snponly.efi"
uefi_ia32 = "i386/snponly.efi"

[tftp]
blksize_max = 1468
windowsize_max = 16
transfers_max = 512
# single_port = true              # every transfer from port 69, for a firewall in between

[http]
port = 80                         # for machines, on network.address
# tls_port = 443                  # answers and reports over HTTPS, with a pinned certificate

[operator]
listen = "10.11.0.1:8080"         # for people
socket = "/run/bootqueue/bootqueue.sock"

[queue]
approval = false
attempts_max = 3
hold_seconds = 120

[queue.limits]                    # minutes
pxe_ready = 15
armed = 1440
pxe_booted = 15
installing = 60
installed = 30
first_boot = 60
joining = 30

# [power]                         # machines are switched on by their BMCs
# user = "bootqueue"
# password_file = "/etc/bootqueue/bmc-password"
# [[power.host]]
# mac = "52:54:00:ab:cd:ef"
# url = "https://10.0.9.5"
# fingerprint = "AB:CD:…"          # SHA-256 of the BMC's certificate

[paths]
state = "/var/lib/bootqueue"
assets = "/var/lib/bootqueue/assets"
profiles = "/etc/bootqueue/profiles"
# server_types = "/etc/bootqueue/server-types"   # one file each; or [[server_type]] here

[log]
level = "info"

# [[cluster]]                     # hosts whose profile says cluster = "lab" join it
# name = "lab"
# password_file = "/etc/bootqueue/lab.password"   # mode 0600

# The queue: slots are given out in this order.
[[slot]]
ip = "10.11.0.2"
hostname = "peach-beach"
profile = "pve"

[[slot]]                          # kept for one machine
ip = "10.11.0.3"
hostname = "moo-moo-farm"
profile = "pve"
mac = "52:54:00:ab:cd:ef"
# settings.disk_setup.disk_list = ["sdb"]   # what is others than in the profile

[[slot_range]]                    # node01 at 10.11.0.10 to node20 at 10.11.0.29
first = "10.11.0.10"
count = 20
hostname = "node{nn}"
first_number = 1
profile = "pve"
`;
