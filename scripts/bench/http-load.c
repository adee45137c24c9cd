// HTTP clients for scripts/bench-http.ts. In C, so that with a core of its own it is never what limits a measurement. It
// is the same for every server that is measured.
//
//   http-load get SERVER PORT PATH SIZE CLIENTS TIMES SECONDS
//     CLIENTS at once fetch PATH, each TIMES times over one connection, for at most SECONDS. The file has SIZE octets,
//     and the first eight of each 4,096 say where they are (see `word`); those are compared.
//
//   http-load ask SERVER PORT SECONDS RATE < REQUESTS
//     A line of REQUESTS is SOURCE<tab>METHOD<tab>PATH<tab>BODY: one connection from the address SOURCE, which repeats its
//     request for SECONDS. RATE: so many a second over all connections, whatever the server does (the latency counts
//     from when one was due); 0: each asks again as soon as it is answered.
//
// Each prints one line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 1024, BUFFER = 1 << 20, HEAD = 16384, SAMPLES = 1 << 20, LOW_WATER = 128 << 10 };

typedef struct {
  int fd, times, head_length, in_body, busy, waits_for;
  int64_t left, at, due;
  char *request;
  int request_length;
  char head[HEAD];
} Client;

static Client clients[CLIENTS];
static uint8_t buffer[BUFFER + 8];
static double samples[SAMPLES];
static int64_t octets, done, wrong, refused, sampled;
static int count, epoll, is_get;
static int64_t size;
static struct sockaddr_in server;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

// What stands at the start of each page; scripts/bench/measured-file.ts writes it.
static uint64_t word(uint64_t offset) { return offset * 0x9e3779b97f4a7c15ULL; }

static void compare(int64_t at, const uint8_t *bytes, int length) {
  for (int64_t page = (at + 4095) & ~4095LL; page + 8 <= at + length; page += 4096) {
    uint64_t found;
    memcpy(&found, bytes + (page - at), 8);
    if (found != word(page)) wrong++;
  }
}

static void fail(const char *what) {
  fprintf(stderr, "http-load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void open_client(Client *c, uint32_t source) {
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = source};
  if (source != 0 && bind(c->fd, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
  if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void ask(Client *c, int64_t due) {
  c->due = due, c->head_length = 0, c->in_body = 0, c->at = 0, c->busy = 1;
  if (send(c->fd, c->request, c->request_length, MSG_NOSIGNAL) != c->request_length) fail("send");
}

// The head of an answer ends with an empty line; what follows it in `bytes` belongs to the body.
static int take_head(Client *c, const uint8_t *bytes, int length) {
  int before = c->head_length, room = HEAD - 1 - before;
  int n = length < room ? length : room;
  memcpy(c->head + before, bytes, n);
  c->head[before + n] = 0;
  char *end = strstr(c->head, "\r\n\r\n");
  if (end == NULL) {
    c->head_length += n;
    if (c->head_length >= HEAD - 1) fail("a head that does not end");
    return length;
  }
  char *length_field = strcasestr(c->head, "\r\ncontent-length:");
  if (length_field == NULL || length_field > end) {
    fprintf(stderr, "http-load: no length in: %.*s\n", (int)(end - c->head), c->head);
    exit(1);
  }
  c->left = atoll(length_field + 17);
  if (strncmp(c->head, "HTTP/1.1 200", 12) != 0) {
    if (refused++ == 0) fprintf(stderr, "http-load: %.300s\n", c->head);
  } else if (is_get && c->left != size) {
    wrong++;
  }
  c->in_body = 1;
  return (int)(end - c->head) + 4 - before;
}

// Returns 1 when the answer is complete.
static int take(Client *c, const uint8_t *bytes, int length) {
  int used = c->in_body ? 0 : take_head(c, bytes, length);
  if (!c->in_body) return 0;
  int body = length - used;
  if (is_get) compare(c->at, bytes + used, body);
  c->at += body, c->left -= body, octets += body;
  // Waking a sleeping client costs the server that sends, so it is woken for much at once.
  int enough = c->left > 2 * LOW_WATER ? LOW_WATER : 1;
  if (is_get && enough != c->waits_for) setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &enough, sizeof enough);
  c->waits_for = enough;
  return c->left <= 0;
}

static int by_size(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return d < 0 ? -1 : d > 0;
}

int main(int argc, char **argv) {
  if (argc < 6) return 64;
  is_get = strcmp(argv[1], "get") == 0;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
  inet_pton(AF_INET, argv[2], &server.sin_addr);
  epoll = epoll_create1(0);
  double seconds_max, rate = 0;
  if (is_get) {
    size = atoll(argv[5]), count = atoi(argv[6]), seconds_max = atof(argv[8]);
    char *request;
    int length = asprintf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", argv[4], argv[2]);
    for (int n = 0; n < count; n++)
      clients[n].request = request, clients[n].request_length = length, clients[n].times = atoi(argv[7]);
    for (int n = 0; n < count; n++) open_client(&clients[n], 0);
  } else {
    seconds_max = atof(argv[4]), rate = atof(argv[5]);
    char *line = NULL;
    size_t room = 0;
    while (count < CLIENTS && getline(&line, &room, stdin) > 0) {
      char *rest = line, *source = strsep(&rest, "\t"), *method = strsep(&rest, "\t"), *path = strsep(&rest, "\t");
      char *body = rest == NULL ? "" : strsep(&rest, "\n");
      Client *c = &clients[count++];
      c->request_length = asprintf(&c->request,
                                   "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                                   "Content-Length: %zu\r\n\r\n%s",
                                   method, path, argv[2], strlen(body), body);
      open_client(c, inet_addr(source));
    }
  }
  int64_t begun = now_us(), until = begun + (int64_t)(seconds_max * 1e6);
  double gap = rate > 0 ? 1e6 / rate : 0, due_at = begun;
  if (rate == 0)
    for (int n = 0; n < count; n++) ask(&clients[n], now_us());
  int open = count, idle_from = 0;
  while (open > 0) {
    int64_t now = now_us();
    if (now >= until) break;
    // Open loop: whoever is free asks; when nobody is, the request stays due and its latency grows.
    while (rate > 0 && due_at <= now) {
      int n = 0;
      while (n < count && clients[(idle_from + n) % count].busy) n++;
      if (n == count) break;
      idle_from = (idle_from + n) % count;
      ask(&clients[idle_from], (int64_t)due_at);
      due_at += gap;
    }
    struct epoll_event events[64];
    int64_t idle = rate > 0 ? (int64_t)due_at - now_us() : 100000;
    struct timespec wait = {0, idle < 0 ? 100000 : idle * 1000};
    int n = epoll_pwait2(epoll, events, 64, &wait, NULL);
    for (int i = 0; i < n; i++) {
      Client *c = events[i].data.ptr;
      ssize_t got = recv(c->fd, buffer, BUFFER, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        fprintf(stderr, "http-load: a connection ended after %lld octets\n", (long long)c->at);
        refused++, open--;
        close(c->fd);
        continue;
      }
      if (!take(c, buffer, (int)got)) continue;
      done++, c->busy = 0;
      now = now_us();
      if (sampled < SAMPLES) samples[sampled++] = (now - c->due) / 1000.0;
      if (is_get && --c->times == 0) open--, close(c->fd);
      else if (rate == 0) ask(c, now);
    }
  }
  double seconds = (now_us() - begun) / 1e6;
  qsort(samples, sampled, sizeof *samples, by_size);
  double p50 = sampled ? samples[sampled / 2] : 0, p99 = sampled ? samples[sampled * 99 / 100] : 0;
  printf("{\"seconds\":%.6f,\"octets\":%lld,\"done\":%lld,\"wrong\":%lld,\"refused\":%lld,\"p50ms\":%.3f,\"p99ms\":%.3f}\n",
         seconds, (long long)octets, (long long)done, (long long)wrong, (long long)refused, p50, p99);
  return 0;
}
