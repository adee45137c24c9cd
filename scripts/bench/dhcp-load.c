// A rack of simulated netboot machines behind one relay, for scripts/bench-dhcp.ts. In C, so that with a core of its own
// it is never what limits a measurement. It is the same for every server that is measured.
//
//   dhcp-load SERVER OWN_ADDRESS IN_FLIGHT PHASE...
//
// A PHASE is KIND:FIRST:COUNT:SECONDS[:RATE], run in this order; each prints one line of JSON.
//   exchange  DISCOVER, OFFER, REQUEST, ACK; each of the machines FIRST..FIRST+COUNT-1 once, for at most SECONDS
//   repeat    the same, over and over for SECONDS: machines that the server knows
//   renew     REQUEST with ciaddr, ACK; over and over for SECONDS
//   echo      a datagram as long as a REQUEST, and back; over and over for SECONDS
// RATE: begin so many a second, whatever the server does (the latency counts from when one was due); without it, there
// are always IN_FLIGHT under way.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MACHINES = 65536, BATCH = 64, SIZE = 1500, RETRY_US = 1000000, SAMPLES = 1 << 20 };
enum { IDLE, WAITS_OFFER, WAITS_ACK };

typedef struct {
  uint32_t address;  // network order; 0: none yet
  int state, tries;
  int64_t begun, sent;
} Machine;

static Machine machines[MACHINES];
static uint32_t taken[MACHINES];
static double samples[SAMPLES];
static int64_t sampled, answered, done, retries, naks, double_addresses, given_up, unexpected;
static int sock, in_flight, underway;
static struct sockaddr_in server;
static uint32_t own;

static uint8_t out[BATCH][SIZE], in[BATCH][SIZE];
static struct mmsghdr out_msgs[BATCH], in_msgs[BATCH];
static struct iovec out_iov[BATCH], in_iov[BATCH];
static int queued;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void flush(void) {
  int at = 0;
  while (at < queued) {
    int n = sendmmsg(sock, out_msgs + at, queued - at, 0);
    if (n < 0) break;  // the retry comes back to it
    at += n;
  }
  queued = 0;
}

static uint8_t *option(uint8_t *p, int code, int length, const void *octets) {
  *p++ = code;
  *p++ = length;
  memcpy(p, octets, length);
  return p + length;
}

// A request as an x64 UEFI firmware sends it, as it comes out of a relay. `type` 1: DISCOVER, 3: REQUEST.
static void say(int n, int type, uint32_t requested, uint32_t ciaddr, uint32_t identifier) {
  Machine *m = &machines[n];
  uint8_t *b = out[queued], *p = b + 240;
  memset(b, 0, 240);
  b[0] = 1, b[1] = 1, b[2] = 6, b[3] = 1;
  uint32_t xid = htonl(n + 1);
  memcpy(b + 4, &xid, 4);
  memcpy(b + 12, &ciaddr, 4);
  memcpy(b + 24, &own, 4);
  uint8_t mac[6] = {2, 0, 0, 0, n >> 8, n};
  memcpy(b + 28, mac, 6);
  memcpy(b + 236, "\x63\x82\x53\x63", 4);
  uint8_t t = type;
  p = option(p, 53, 1, &t);
  if (identifier) p = option(p, 54, 4, &identifier);
  if (requested) p = option(p, 50, 4, &requested);
  p = option(p, 57, 2, "\x05\xb8");
  p = option(p, 55, 10, "\x01\x02\x03\x06\x0c\x0f\x1c\x36\x42\x43");
  uint8_t uuid[17] = {0, 0x44, 0x45, 0x4c, 0x4c, 0x43, 0, 0x10, 0x51, 0x80, 0x31, 0xc7, 0xc0, 0x4f, 0x51, n >> 8, n};
  p = option(p, 97, 17, uuid);
  p = option(p, 94, 3, "\x01\x03\x10");
  p = option(p, 93, 2, "\x00\x07");
  p = option(p, 60, 32, "PXEClient:Arch:00007:UNDI:003016");
  *p++ = 255;
  int length = p - b < 300 ? 300 : p - b;
  memset(p, 0, b + length - p);
  out_iov[queued].iov_len = length;
  m->sent = now_us();
  if (++queued == BATCH) flush();
}

enum Kind { EXCHANGE, REPEAT, RENEW, ECHO };
static enum Kind kind;

static void begin(int n, int64_t due) {
  Machine *m = &machines[n];
  m->begun = due;
  m->tries = 0;
  m->state = kind >= RENEW ? WAITS_ACK : WAITS_OFFER;
  underway++;
  if (kind >= RENEW) say(n, 3, 0, m->address, 0);
  else say(n, 1, 0, 0, 0);
}

static void end(int n) {
  machines[n].state = IDLE;
  underway--;
}

static void hear(const uint8_t *b, int length) {
  answered++;
  if (length < 240) return;
  uint32_t xid;
  memcpy(&xid, b + 4, 4);
  int n = (int)ntohl(xid) - 1;
  if (n < 0 || n >= MACHINES) return;
  Machine *m = &machines[n];
  int type = 0;
  uint32_t yiaddr, identifier = 0;
  memcpy(&yiaddr, b + 16, 4);
  for (const uint8_t *p = b + 240; p + 1 < b + length && *p != 255;) {
    if (*p == 0) { p++; continue; }
    if (*p == 53) type = p[2];
    if (*p == 54) memcpy(&identifier, p + 2, 4);
    p += 2 + p[1];
  }
  if (m->state == WAITS_OFFER && type == 2) {
    m->state = WAITS_ACK;
    m->address = yiaddr;
    m->tries = 0;
    say(n, 3, yiaddr, 0, identifier);
  } else if (m->state == WAITS_ACK && (type == 5 || kind == ECHO)) {
    if (kind == EXCHANGE) {
      uint32_t host = ntohl(yiaddr) & (MACHINES - 1);
      if (taken[host] != 0 && taken[host] != (uint32_t)n + 1) double_addresses++;
      taken[host] = n + 1;
    }
    samples[sampled++ % SAMPLES] = (now_us() - m->begun) / 1000.0;
    done++;
    end(n);
  } else if (m->state == WAITS_ACK && type == 6) {
    naks++;
    m->state = WAITS_OFFER;
    say(n, 1, 0, 0, 0);
  } else unexpected++;
}

static void retry_late(int first, int count, int64_t now) {
  for (int n = first; n < first + count; n++) {
    Machine *m = &machines[n];
    if (m->state == IDLE || now - m->sent < RETRY_US) continue;
    if (++m->tries > 4) {
      given_up++;
      end(n);
      continue;
    }
    retries++;
    if (m->state == WAITS_OFFER) say(n, 1, 0, 0, 0);
    else if (kind >= RENEW) say(n, 3, 0, m->address, 0);
    else {
      m->state = WAITS_OFFER;
      say(n, 1, 0, 0, 0);
    }
  }
}

static int by_size(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return d < 0 ? -1 : d > 0;
}

static void run(const char *name, int first, int count, double seconds, double rate) {
  sampled = answered = done = retries = naks = double_addresses = given_up = unexpected = underway = 0;
  int64_t start = now_us(), until = start + (int64_t)(seconds * 1e6), last_look = start, begun = 0;
  int next = first;
  for (;;) {
    int64_t now = now_us();
    int more = now < until && (kind != EXCHANGE || begun < count);
    if (!more && (underway == 0 || now > until + 2000000)) break;
    if (kind == EXCHANGE && now >= until) break;
    while (more && underway < (rate > 0 ? count : in_flight)) {
      int64_t due = rate > 0 ? start + (int64_t)(begun * 1e6 / rate) : now;
      if (due > now) break;
      int looked = 0;
      while (machines[next].state != IDLE && looked++ < count) next = first + (next - first + 1) % count;
      if (machines[next].state != IDLE) break;
      begin(next, due);
      next = first + (next - first + 1) % count;
      begun++;
      more = kind != EXCHANGE || begun < count;
    }
    flush();
    int n = recvmmsg(sock, in_msgs, BATCH, MSG_DONTWAIT, NULL);
    // It never sleeps: waking it would cost the server that sends, the more the slower that server is.
    for (int i = 0; i < n; i++) hear(in[i], in_msgs[i].msg_len);
    if (now - last_look > 100000) {
      last_look = now;
      retry_late(first, count, now);
    }
    flush();
  }
  double took = (now_us() - start) / 1e6;
  for (int n = first; n < first + count; n++) machines[n].state = IDLE;
  int64_t kept = sampled < SAMPLES ? sampled : SAMPLES;
  qsort(samples, kept, sizeof(double), by_size);
  printf("{\"phase\":\"%s\",\"seconds\":%.4f,\"done\":%lld,\"answered\":%lld,\"retries\":%lld,\"naks\":%lld,"
         "\"givenUp\":%lld,\"unexpected\":%lld,\"doubleAddresses\":%lld,\"p50ms\":%.3f,\"p99ms\":%.3f,\"maxMs\":%.3f}\n",
         name, took, (long long)done, (long long)answered, (long long)retries, (long long)naks, (long long)given_up,
         (long long)unexpected, (long long)double_addresses, kept ? samples[kept / 2] : 0.0,
         kept ? samples[(int64_t)(kept * 0.99)] : 0.0, kept ? samples[kept - 1] : 0.0);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: dhcp-load SERVER OWN_ADDRESS IN_FLIGHT KIND:FIRST:COUNT:SECONDS[:RATE]...\n");
    return 2;
  }
  server.sin_family = AF_INET;
  server.sin_port = htons(67);
  own = inet_addr(argv[2]);
  server.sin_addr.s_addr = inet_addr(argv[1]);
  in_flight = atoi(argv[3]);
  sock = socket(AF_INET, SOCK_DGRAM, 0);
  int size = 8 << 20;
  setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(67), .sin_addr = {own}};
  if (bind(sock, (struct sockaddr *)&local, sizeof local) != 0) {
    perror("dhcp-load: cannot bind port 67");
    return 1;
  }
  for (int i = 0; i < BATCH; i++) {
    out_iov[i] = (struct iovec){out[i], 0};
    in_iov[i] = (struct iovec){in[i], SIZE};
    out_msgs[i].msg_hdr = (struct msghdr){.msg_name = &server, .msg_namelen = sizeof server, .msg_iov = &out_iov[i], .msg_iovlen = 1};
    in_msgs[i].msg_hdr = (struct msghdr){.msg_iov = &in_iov[i], .msg_iovlen = 1};
  }
  for (int i = 4; i < argc; i++) {
    char name[16];
    int first, count;
    double seconds, rate = 0;
    if (sscanf(argv[i], "%15[a-z]:%d:%d:%lf:%lf", name, &first, &count, &seconds, &rate) < 4 || first < 0 ||
        count < 1 || first + count > MACHINES) {
      fprintf(stderr, "dhcp-load: expected KIND:FIRST:COUNT:SECONDS[:RATE], found %s\n", argv[i]);
      return 2;
    }
    kind = strcmp(name, "exchange") == 0 ? EXCHANGE : strcmp(name, "repeat") == 0 ? REPEAT : strcmp(name, "renew") == 0 ? RENEW : ECHO;
    run(name, first, count, seconds, rate);
  }
  return 0;
}
