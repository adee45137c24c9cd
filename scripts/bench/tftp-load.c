// TFTP clients that all fetch one file, for scripts/bench-tftp.ts. In C, so that with a core of its own it is never what
// limits a measurement. Delay and loss are made here, the same for every server, and every octet is compared.
//
//   tftp-load SERVER PORT REMOTE LOCAL CLIENTS TRANSFERS WINDOWSIZE DELAY_US LOSS SECONDS SEED
//
// CLIENTS at one time, each with TRANSFERS one after the other, from a fresh port each; for at most SECONDS. WINDOWSIZE
// 1: the option is not asked for. DELAY_US: what we send leaves so much later. LOSS: the share of datagrams that is
// dropped, in each direction. Prints one line of JSON; `octets` are those that came in order, of unfinished files too.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// A client that hears nothing repeats itself after a second; firmware waits longer.
enum { BLKSIZE = 1468, RETRY_US = 1000000, CLIENTS = 2000, QUEUE = 1 << 17, TEXT = 200 };

typedef struct {
  int sock, transfers, known;
  struct sockaddr_in peer;     // the port of the transfer, once `known`
  int64_t begun, sent, block;  // `block`: the last that came in order
  int blksize, windowsize, in_window, over;
  int64_t complained;  // the block whose absence was told, -1: none
  int64_t answered;    // the block that was acknowledged last; -1: nothing was, only asked
} Client;

typedef struct {
  int64_t due;
  int client, sock, length;
  struct sockaddr_in to;
  uint8_t bytes[TEXT];
} Datagram;

static Client clients[CLIENTS];
static Datagram *queue;
static int64_t head, tail;
static uint8_t *file;
static int64_t size, octets, wrong, resent, refused, done;
static int epoll, transfers, windowsize, delay_us;
static double loss;
static uint64_t dice;
static const char *remote;
static struct sockaddr_in server;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int lost(void) {
  if (loss == 0) return 0;
  dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
  return (dice >> 11) * 0x1p-53 < loss;
}

static void post(int n, const struct sockaddr_in *to, const uint8_t *bytes, int length) {
  Client *c = &clients[n];
  if (lost()) return;
  if (delay_us == 0) {
    sendto(c->sock, bytes, length, 0, (const struct sockaddr *)to, sizeof *to);
    return;
  }
  if (tail - head == QUEUE) abort();
  Datagram *d = &queue[tail++ % QUEUE];
  *d = (Datagram){.due = now_us() + delay_us, .client = n, .sock = c->sock, .length = length, .to = *to};
  memcpy(d->bytes, bytes, length);
}

static void ask(int n) {
  uint8_t b[TEXT] = {0, 1};
  int at = 2;
  at += sprintf((char *)b + at, "%s", remote) + 1;
  at += sprintf((char *)b + at, "octet") + 1;
  at += sprintf((char *)b + at, "blksize") + 1;
  at += sprintf((char *)b + at, "%d", BLKSIZE) + 1;
  if (windowsize > 1) {
    at += sprintf((char *)b + at, "windowsize") + 1;
    at += sprintf((char *)b + at, "%d", windowsize) + 1;
  }
  clients[n].sent = now_us();
  post(n, &server, b, at);
}

static void acknowledge(int n) {
  Client *c = &clients[n];
  uint8_t b[4] = {0, 4, c->block >> 8, c->block};
  c->in_window = 0;
  c->answered = c->block;
  c->sent = now_us();
  post(n, &c->peer, b, 4);
}

static void begin(int n) {
  Client *c = &clients[n];
  int left = c->transfers;
  if (c->sock > 0) close(c->sock);
  int sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 1 << 18;
  if (sock < 0) perror("socket"), exit(1);
  setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  *c = (Client){.sock = sock, .transfers = left, .blksize = 512, .windowsize = 1, .complained = -1, .answered = -1};
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = n};
  epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &e);
  ask(n);
}

static void accepted(Client *c, const uint8_t *b, int length) {
  for (int at = 2; at < length;) {
    const char *name = (const char *)b + at;
    at += strnlen(name, length - at) + 1;
    if (at >= length) return;
    const char *value = (const char *)b + at;
    at += strnlen(value, length - at) + 1;
    if (!strcasecmp(name, "blksize")) c->blksize = atoi(value);
    if (!strcasecmp(name, "windowsize")) c->windowsize = atoi(value);
  }
}

static void data(int n, const uint8_t *b, int length) {
  Client *c = &clients[n];
  int wire = b[2] << 8 | b[3];
  if (wire != ((c->block + 1) & 0xffff)) {
    // The copy of the last block: our ACK was lost. Any other: something is missing, which is told once (RFC 7440 §4).
    if (wire == (c->block & 0xffff) || (c->windowsize > 1 && c->complained != c->block + 1)) {
      if (wire != (c->block & 0xffff)) c->complained = c->block + 1;
      if (c->block > 0) acknowledge(n);
    }
    return;
  }
  if (c->over) return;
  int64_t at = c->block++ * c->blksize;
  int octets_here = length - 4;
  if (at + octets_here > size || memcmp(file + at, b + 4, octets_here)) wrong++;
  octets += octets_here;
  c->in_window++;
  c->sent = now_us();
  if (octets_here < c->blksize) {
    if (at + octets_here != size) wrong++;
    c->over = 1;
    acknowledge(n);
    if (--c->transfers > 0) {
      // What was said last must not be lost with its port.
      if (delay_us == 0) begin(n);
    } else done++;
  } else if (c->in_window >= c->windowsize) acknowledge(n);
}

static void receive(int n) {
  uint8_t b[2048];
  struct sockaddr_in from;
  // What is left is told at the next look: in lockstep a second call would always come back empty.
  for (int looks = windowsize; looks > 0; looks--) {
    Client *c = &clients[n];
    socklen_t room = sizeof from;
    int length = recvfrom(c->sock, b, sizeof b, 0, (struct sockaddr *)&from, &room);
    if (length < 0) return;
    if (length < 4 || lost()) continue;
    if (!c->known && b[1] != 5) c->known = 1, c->peer = from;
    if (b[1] == 5) {
      if (!c->known || from.sin_port == c->peer.sin_port) refused++;
      continue;
    }
    if (from.sin_port != c->peer.sin_port) {
      static const uint8_t unknown[] = {0, 5, 0, 5, 'n', 'o', 0};
      post(n, &from, unknown, sizeof unknown);
      continue;
    }
    if (b[1] == 6 && c->block == 0) accepted(c, b, length), acknowledge(n);
    if (b[1] == 3) data(n, b, length);
  }
}

int main(int argc, char **argv) {
  if (argc != 12) return fprintf(stderr, "see the first lines of tftp-load.c\n"), 64;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &server.sin_addr);
  remote = argv[3];
  FILE *f = fopen(argv[4], "rb");
  if (!f) return perror(argv[4]), 1;
  fseek(f, 0, SEEK_END);
  size = ftell(f);
  rewind(f);
  file = malloc(size);
  if (fread(file, 1, size, f) != (size_t)size) return 1;
  int count = atoi(argv[5]);
  transfers = atoi(argv[6]), windowsize = atoi(argv[7]), delay_us = atoi(argv[8]), loss = atof(argv[9]);
  double seconds = atof(argv[10]);
  dice = strtoull(argv[11], 0, 10) * 0x9e3779b97f4a7c15ull + 1;
  queue = calloc(QUEUE, sizeof *queue);
  epoll = epoll_create1(0);
  int64_t start = now_us(), end = start + seconds * 1e6, looked = start, finished = 0;
  for (int n = 0; n < count; n++) clients[n].transfers = transfers, begin(n);

  while (!finished) {
    int64_t now = now_us();
    while (head < tail && queue[head % QUEUE].due <= now) {
      Datagram *d = &queue[head++ % QUEUE];
      if (clients[d->client].sock != d->sock) continue;
      sendto(d->sock, d->bytes, d->length, 0, (struct sockaddr *)&d->to, sizeof d->to);
      if (clients[d->client].over && clients[d->client].transfers > 0) begin(d->client);
    }
    // Never asleep: each server would pay for waking us, as no server pays for a machine at the end of a cable.
    struct epoll_event events[64];
    int n = epoll_wait(epoll, events, 64, 0);
    for (int i = 0; i < n; i++) receive(events[i].data.u32);
    now = now_us();
    if (now - looked > 10000) {
      looked = now;
      for (int n = 0; n < count; n++) {
        Client *c = &clients[n];
        if (c->over && c->transfers > 0 && now - c->sent > 2 * delay_us + 1000) begin(n);
        if (c->over || now - c->sent < RETRY_US) continue;
        resent++;
        if (c->answered < 0 && c->block == 0) ask(n);
        else acknowledge(n);
      }
    }
    if (done == count || now >= end) finished = now;
  }
  double took = (finished - start) / 1e6;
  printf("{\"clients\":%d,\"done\":%ld,\"seconds\":%.4f,\"octets\":%ld,\"wrong\":%ld,\"resent\":%ld,\"refused\":%ld}\n",
         count, done, took, octets, wrong, resent, refused);
  // The last ACK of each transfer is still on its way.
  while (head < tail) {
    Datagram *d = &queue[head++ % QUEUE];
    if (clients[d->client].sock == d->sock)
      sendto(d->sock, d->bytes, d->length, 0, (struct sockaddr *)&d->to, sizeof d->to);
  }
  return 0;
}
