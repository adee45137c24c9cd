// Machines that are switched on at once and go all the way: firmware's DHCP through a relay, the boot loader by TFTP,
// iPXE's DHCP, script, kernel and initrd, the installer's DHCP, answer file, report; and when all are done, firmware's
// DISCOVER once more, which nobody may answer. One thread for each machine, which waits and repeats itself as firmware does.
//
//   storm SERVER FIRST COUNT LOADER [STOP REQUESTS]
//   storm SERVER FIRST COUNT LOADER kernel -
//   storm SERVER FIRST COUNT LOADER probe SECONDS
//
// Machines FIRST..FIRST+COUNT-1; every octet of the boot loader is compared with the file LOADER, and the first eight of
// each 4,096 of kernel and initrd with what scripts/bench/measured-file.ts wrote. STOP: go only as far as `script` (it is
// not asked for) or `answer` (asked for once), and write the request for it into the file REQUESTS, as http-load.c reads
// it. `kernel`: all the way, but without the initrd. `probe`: each machine that has a slot repeats its DISCOVER every 5 ms, and what counts is how long the OFFER takes. The addresses 10.11.64.0/18 (machines) and 10.11.128.0/18 (relays) have to be local. Prints one line of JSON; exit
// code 0: every machine was installed, no two had one address, and nobody was answered afterwards.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MACHINES = 4096, BUFFER = 256 << 10, TEXT = 64 << 10, BLKSIZE = 1468, DHCP_TRIES = 6, TFTP_TRIES = 8, LOW_WATER = 128 << 10 };
enum { FIRMWARE, IPXE, INSTALLER };

typedef struct {
  int n, done, relay;  // `relay`: its socket
  uint32_t address, identifier;
  uint8_t mac[6], uuid[16];
  char mac_text[18], uuid_text[37];
  char file[256], answer_url[256];
  int64_t finished;
  char why[200];
} Machine;

static Machine machines[MACHINES];
static struct in_addr server;
static uint8_t *loader;
static size_t loader_size;
static const char *stop = "";
static int goes_all_the_way = 1, only_kernel;
static FILE *requests;
static pthread_mutex_t requests_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_ready;
static _Atomic int retries;
static double probe_seconds, samples[1 << 20];
static _Atomic int sampled;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int fail(Machine *m, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(m->why, sizeof m->why, format, args);
  va_end(args);
  return 0;
}

static void patience(int fd, int64_t us) {
  struct timeval t = {us / 1000000, us % 1000000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

static int bound(int type, uint32_t address, int port) {
  int fd = socket(AF_INET, type, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = address, .sin_port = htons(port)};
  if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) perror("storm: bind"), exit(2);
  return fd;
}

// --- DHCP ---

static uint8_t *option(uint8_t *p, int code, int length, const void *octets) {
  *p++ = code, *p++ = length;
  memcpy(p, octets, length);
  return p + length;
}

static int compose(Machine *m, uint8_t *b, int program, int type, uint32_t requested, uint32_t xid) {
  uint32_t giaddr = htonl(0x0a0b8000 + m->n + 1);
  memset(b, 0, 240);
  b[0] = 1, b[1] = 1, b[2] = 6, b[3] = 1;
  memcpy(b + 4, &xid, 4);
  memcpy(b + 24, &giaddr, 4);
  memcpy(b + 28, m->mac, 6);
  memcpy(b + 236, "\x63\x82\x53\x63", 4);
  uint8_t *p = b + 240, kind = type;
  p = option(p, 53, 1, &kind);
  if (requested != 0) p = option(p, 50, 4, &requested), p = option(p, 54, 4, &m->identifier);
  p = option(p, 57, 2, "\x05\xdc");
  if (program == INSTALLER) {
    p = option(p, 55, 15, "\x01\x1c\x02\x03\x0f\x06\x77\x0c\x2c\x2f\x1a\x79\x2a\xfa\xfb");
  } else {
    p = option(p, 55, 12, "\x01\x03\x06\x0c\x0f\x2b\x36\x3c\x42\x43\x61\xaf");
    p = option(p, 60, 32, "PXEClient:Arch:00007:UNDI:003000");
    p = option(p, 93, 2, "\x00\x07");
    p = option(p, 94, 3, "\x01\x03\x00");
    uint8_t uuid[17] = {0};
    memcpy(uuid + 1, m->uuid, 16);
    p = option(p, 97, 17, uuid);
  }
  if (program == IPXE) {
    p = option(p, 77, 4, "iPXE");
    p = option(p, 175, 6, "\x13\x01\x01\x15\x01\x01");
  }
  *p++ = 255;
  int length = p - b;
  return length < 300 ? 300 : length;
}

static const uint8_t *find(const uint8_t *b, int length, int code, int *found) {
  for (int at = 240; at + 1 < length && b[at] != 255;) {
    if (b[at] == 0) { at++; continue; }
    if (b[at] == code && at + 2 + b[at + 1] <= length) { *found = b[at + 1]; return b + at + 2; }
    at += 2 + b[at + 1];
  }
  return NULL;
}

// Sends, and waits for an answer of the wanted type to this very request; 0: none came.
static int exchange(Machine *m, uint8_t *out, int length, uint8_t *in, int wanted, int tries) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = server, .sin_port = htons(67)};
  int64_t wait = 1000000;
  for (int try = 0; try < tries; try++, wait *= 2) {
    if (try > 0) retries++;
    memset(in, 0, 1500);
    sendto(m->relay, out, length, 0, (struct sockaddr *)&to, sizeof to);
    for (int64_t until = now_us() + wait, left; (left = until - now_us()) > 0;) {
      patience(m->relay, left);
      int got = recv(m->relay, in, 1500, 0), n;
      if (got < 244 || memcmp(in + 4, out + 4, 4) != 0) continue;
      const uint8_t *type = find(in, got, 53, &n);
      if (type != NULL && *type == wanted) return got;
      if (type != NULL && *type == 6) return fail(m, "NAK");
    }
  }
  return 0;
}

static int dhcp(Machine *m, int program) {
  uint8_t out[1500], in[1500];
  uint32_t xid = htonl((uint32_t)(m->n + 1) << 8 | program << 4);
  int length = compose(m, out, program, 1, 0, xid), n;
  if (exchange(m, out, length, in, 2, DHCP_TRIES) == 0) return m->why[0] ? 0 : fail(m, "program %d: no OFFER", program);
  uint32_t offered;
  memcpy(&offered, in + 16, 4);
  const uint8_t *id = find(in, 1500, 54, &n);
  if (id == NULL || n != 4) return fail(m, "an OFFER without server identifier");
  memcpy(&m->identifier, id, 4);
  if (m->address != 0 && m->address != offered) return fail(m, "program %d: another address than before", program);
  length = compose(m, out, program, 3, offered, xid);
  int got = exchange(m, out, length, in, 5, DHCP_TRIES);
  if (got == 0) return m->why[0] ? 0 : fail(m, "program %d: no ACK", program);
  memcpy(&m->address, in + 16, 4);
  const uint8_t *file = find(in, got, 67, &n);
  memset(m->file, 0, sizeof m->file);
  if (file != NULL) memcpy(m->file, file, n);
  else memcpy(m->file, in + 108, 128);
  const uint8_t *url = find(in, got, 250, &n);
  if (url != NULL) memcpy(m->answer_url, url, n), m->answer_url[n] = 0;
  return 1;
}

// --- TFTP ---

static int tftp(Machine *m) {
  int fd = bound(SOCK_DGRAM, m->address, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = server, .sin_port = htons(69)}, from;
  uint8_t out[512], in[4 + BLKSIZE + 1];
  int length = 2 + sprintf((char *)out + 2, "%s", m->file) + 1;
  out[0] = 0, out[1] = 1;
  const char *words[] = {"octet", "tsize", "0", "blksize", "1468", "windowsize", "4"};
  for (int n = 0; n < 7; n++) length += sprintf((char *)out + length, "%s", words[n]) + 1;
  size_t at = 0;
  int window = 1, unacked = 0, blksize = 512, tries = 0, result = 0;
  patience(fd, 1000000);
  sendto(fd, out, length, 0, (struct sockaddr *)&to, sizeof to);
  for (uint32_t block = 0;;) {
    socklen_t room = sizeof from;
    int got = recvfrom(fd, in, sizeof in, 0, (struct sockaddr *)&from, &room);
    if (got < 4) {
      if (++tries > TFTP_TRIES) { fail(m, "TFTP stopped after %zu octets", at); break; }
      retries++;
      sendto(fd, out, length, 0, (struct sockaddr *)&to, sizeof to);
      continue;
    }
    if (in[1] == 5) { fail(m, "TFTP: %.100s", in + 4); break; }
    if (in[1] == 6) {
      for (char *p = (char *)in + 2; p < (char *)in + got;) {
        char *value = p + strlen(p) + 1;
        if (strcasecmp(p, "blksize") == 0) blksize = atoi(value);
        if (strcasecmp(p, "windowsize") == 0) window = atoi(value);
        p = value + strlen(value) + 1;
      }
      to = from;
    } else if (in[1] == 3) {
      to = from;
      if ((in[2] << 8 | in[3]) != ((block + 1) & 0xffff)) {
        if (unacked == 0) continue;
      } else {
        block++, unacked++;
        if (at + got - 4 > loader_size || memcmp(loader + at, in + 4, got - 4) != 0) {
          fail(m, "TFTP: octets from %zu on differ from the file", at);
          break;
        }
        at += got - 4;
        if (got - 4 == blksize && unacked < window) continue;
      }
    } else {
      continue;
    }
    tries = 0, unacked = 0, length = 4;
    out[0] = 0, out[1] = 4, out[2] = block >> 8, out[3] = block;
    sendto(fd, out, 4, 0, (struct sockaddr *)&to, sizeof to);
    if (in[1] == 3 && got - 4 < blksize) { result = at == loader_size || fail(m, "TFTP: %zu octets", at); break; }
  }
  close(fd);
  return result;
}

// --- HTTP ---

static uint64_t word(uint64_t offset) { return offset * 0x9e3779b97f4a7c15ULL; }

// Into `text`, up to TEXT octets, or when `text` is NULL compared as a measured file. Returns 1 for a whole 200.
static int http(Machine *m, const char *method, const char *url, const char *body, char *text, uint8_t *buffer) {
  char host[64], path[256] = "/", head[1024];
  int port = 80;
  if (sscanf(url, "http://%63[^/:]:%d%255s", host, &port, path) < 2 && sscanf(url, "http://%63[^/]%255s", host, path) < 1)
    return fail(m, "cannot read the address %.100s", url);
  int fd = bound(SOCK_STREAM, m->address, 0), one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  patience(fd, 60000000);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return close(fd), fail(m, "%s: %s", url, strerror(errno));
  int length = snprintf(head, sizeof head,
                        "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                        method, path, host, strlen(body));
  struct iovec parts[] = {{head, length}, {(void *)body, strlen(body)}};
  if (writev(fd, parts, 2) < 0) return close(fd), fail(m, "%s: %s", url, strerror(errno));
  int64_t size = -1, at = 0;
  int filled = 0, result = 0, waits_for = 1;
  while (size < 0 || at < size) {
    // Waking a sleeping thread costs the server that sends, so it is woken for much at once.
    int enough = size - at > 2 * LOW_WATER ? LOW_WATER : 1;
    if (text == NULL && enough != waits_for) setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &enough, sizeof enough);
    waits_for = enough;
    int got = recv(fd, buffer + filled, BUFFER - 8 - filled, 0);
    if (got <= 0) { fail(m, "%.100s ended after %lld octets", url, (long long)at); break; }
    uint8_t *bytes = buffer;
    if (size < 0) {
      filled += got, buffer[filled] = 0;
      char *end = strstr((char *)buffer, "\r\n\r\n"), *field = strcasestr((char *)buffer, "\r\ncontent-length:");
      if (end == NULL) continue;
      if (strncmp((char *)buffer, "HTTP/1.1 200", 12) != 0 || field == NULL || field > end) {
        fail(m, "%.80s: %.12s %.90s", path, buffer, end + 4);
        break;
      }
      size = atoll(field + 17), bytes = (uint8_t *)end + 4, got = filled - (int)(bytes - buffer), filled = 0;
    }
    if (text != NULL) {
      if (at + got >= TEXT) { fail(m, "%.100s is too long", url); break; }
      memcpy(text + at, bytes, got), text[at + got] = 0;
    } else {
      int wrong = 0;
      for (int64_t page = (at + 4095) & ~4095LL; page + 8 <= at + got; page += 4096) {
        uint64_t found;
        memcpy(&found, bytes + (page - at), 8);
        wrong |= found != word(page);
      }
      if (wrong) { fail(m, "%.100s: wrong octets near %lld", url, (long long)at); break; }
    }
    at += got, result = at == size;
  }
  close(fd);
  return result;
}

// Kernel and initrds of an iPXE script.
static int fetch_images(Machine *m, char *script, uint8_t *buffer) {
  char *rest;
  int count = 0;
  for (char *line = strtok_r(script, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char url[256];
    if (sscanf(line, "kernel %255s", url) != 1 && (only_kernel || sscanf(line, "initrd %255s", url) != 1)) continue;
    if (!http(m, "GET", url, "", NULL, buffer)) return 0;
    count++;
  }
  return count >= (only_kernel ? 1 : 2) || fail(m, "a script without kernel and initrd");
}

// --- a machine ---

static void note_request(Machine *m, const char *method, const char *url, const char *body) {
  struct in_addr own = {m->address};
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &own, text, sizeof text);
  pthread_mutex_lock(&requests_lock);
  fprintf(requests, "%s\t%s\t%s\t%s\n", text, method, strchr(url + 7, '/'), body);
  pthread_mutex_unlock(&requests_lock);
}

static int probe(Machine *m) {
  uint8_t out[1500], in[1500];
  if (!dhcp(m, FIRMWARE)) return 0;
  for (int64_t until = now_us() + (int64_t)(probe_seconds * 1e6); now_us() < until; usleep(5000)) {
    static _Atomic uint32_t xids = 0x40000000;
    int length = compose(m, out, FIRMWARE, 1, 0, htonl(xids++));
    int64_t begun = now_us();
    if (exchange(m, out, length, in, 2, 1) == 0) return fail(m, "no OFFER while probing");
    samples[sampled++ & ((1 << 20) - 1)] = (now_us() - begun) / 1000.0;
  }
  return 1;
}

static int install(Machine *m, char *text, uint8_t *buffer) {
  char asked[1024], script[256], webhook[256];
  snprintf(asked, sizeof asked,
           "{\"$schema\":{\"version\":\"1.0\"},\"product\":{\"fullname\":\"Proxmox VE\",\"product\":\"pve\",\"enable_btrfs\":true},"
           "\"iso\":{\"release\":\"9.1\",\"isorelease\":\"1\"},\"dmi\":{\"system\":{\"serial\":\"S%05d\",\"uuid\":\"%s\","
           "\"name\":\"Simulated\"}},\"network_interfaces\":[{\"link\":\"eno1\",\"mac\":\"%s\"}]}",
           m->n, m->uuid_text, m->mac_text);
  if (!dhcp(m, FIRMWARE) || !tftp(m) || !dhcp(m, IPXE)) return 0;
  memcpy(script, m->file, sizeof script);
  if (strcmp(stop, "script") == 0) return note_request(m, "GET", script, ""), 1;
  if (!http(m, "GET", script, "", text, buffer)) return 0;
  if (goes_all_the_way && !fetch_images(m, text, buffer)) return 0;
  if (!dhcp(m, INSTALLER)) return 0;
  if (m->answer_url[0] == 0) return fail(m, "no option 250");
  if (!http(m, "POST", m->answer_url, asked, text, buffer)) return 0;
  if (strcmp(stop, "answer") == 0) return note_request(m, "POST", m->answer_url, asked), 1;
  char *section = strstr(text, "[post-installation-webhook]"), *url = section ? strstr(section, "\"http") : NULL;
  if (url == NULL || sscanf(url, "\"%255[^\"]", webhook) != 1) return fail(m, "an answer file without webhook");
  snprintf(asked, sizeof asked,
           "{\"$schema\":{\"version\":\"1.2\"},\"product\":{\"fullname\":\"Proxmox VE\",\"short\":\"pve\",\"version\":\"9.1.2\"},"
           "\"kernel-version\":{\"release\":\"6.17.2-1-pve\"},\"boot-info\":{\"mode\":\"efi\"},"
           "\"network-interfaces\":[{\"name\":\"eno1\",\"mac\":\"%s\",\"is-management\":true}],"
           "\"ssh-public-host-keys\":{\"ed25519\":\"ssh-ed25519 AAAA root@node\"}}",
           m->mac_text);
  return http(m, "POST", webhook, asked, text, buffer);
}

static void *run(void *argument) {
  Machine *m = argument;
  uint8_t *buffer = malloc(BUFFER);
  char *text = malloc(TEXT);
  m->relay = bound(SOCK_DGRAM, htonl(0x0a0b8000 + m->n + 1), 67);
  pthread_barrier_wait(&all_ready);
  m->done = strcmp(stop, "probe") == 0 ? probe(m) : install(m, text, buffer);
  m->finished = now_us();
  free(buffer), free(text);
  return NULL;
}

static int by_size(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return d < 0 ? -1 : d > 0;
}

static int compare_addresses(const void *a, const void *b) {
  uint32_t x = ((const Machine *)a)->address, y = ((const Machine *)b)->address;
  return x < y ? -1 : x > y;
}

// Everybody asks once more, and nobody may be answered for two seconds.
static int answered_afterwards(int first, int count) {
  uint8_t out[1500], in[1500];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = server, .sin_port = htons(67)};
  for (int n = first; n < first + count; n++) {
    Machine *m = &machines[n];
    while (recv(m->relay, in, sizeof in, MSG_DONTWAIT) > 0) continue;
    int length = compose(m, out, FIRMWARE, 1, 0, htonl((uint32_t)(n + 1) << 8 | 0x77));
    sendto(m->relay, out, length, 0, (struct sockaddr *)&to, sizeof to);
  }
  sleep(2);
  int answered = 0;
  for (int n = first; n < first + count; n++) answered += recv(machines[n].relay, in, sizeof in, MSG_DONTWAIT) > 0;
  return answered;
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 7) return 64;
  inet_pton(AF_INET, argv[1], &server);
  int first = atoi(argv[2]), count = atoi(argv[3]);
  FILE *file = fopen(argv[4], "r");
  if (file == NULL) return perror(argv[4]), 2;
  loader = malloc(16 << 20);
  loader_size = fread(loader, 1, 16 << 20, file);
  if (argc == 7) stop = argv[5], probe_seconds = atof(argv[6]);
  only_kernel = strcmp(stop, "kernel") == 0, goes_all_the_way = argc == 5 || only_kernel;
  if (!goes_all_the_way && strcmp(stop, "probe") != 0) requests = fopen(argv[6], "w");
  pthread_t *threads = calloc(count, sizeof *threads);
  pthread_barrier_init(&all_ready, NULL, count + 1);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 << 10);
  for (int n = first; n < first + count; n++) {
    Machine *m = &machines[n];
    m->n = n;
    uint8_t mac[6] = {2, 0, 0, 1, n >> 8, n};
    memcpy(m->mac, mac, 6);
    sprintf(m->mac_text, "02:00:00:01:%02x:%02x", n >> 8, n & 255);
    for (int i = 0; i < 16; i++) m->uuid[i] = 0x11 * (i % 7 + 1);
    m->uuid[14] = n >> 8, m->uuid[15] = n;
    uint8_t *u = m->uuid;
    sprintf(m->uuid_text, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[3], u[2], u[1], u[0],
            u[5], u[4], u[7], u[6], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
    pthread_create(&threads[n - first], &small, run, m);
  }
  pthread_barrier_wait(&all_ready);
  int64_t begun = now_us(), ended = begun;
  for (int n = 0; n < count; n++) pthread_join(threads[n], NULL);
  if (requests != NULL) fclose(requests);
  int done = 0, doubles = 0;
  for (int n = first; n < first + count; n++) {
    if (machines[n].finished > ended) ended = machines[n].finished;
    done += machines[n].done;
    if (!machines[n].done) fprintf(stderr, "storm: machine %d (%s): %s\n", n, machines[n].mac_text, machines[n].why);
  }
  int answered = goes_all_the_way ? answered_afterwards(first, count) : 0;
  qsort(samples, sampled, sizeof *samples, by_size);
  qsort(machines + first, count, sizeof *machines, compare_addresses);
  for (int n = first + 1; n < first + count; n++)
    doubles += machines[n].address != 0 && machines[n].address == machines[n - 1].address;
  printf("{\"seconds\":%.3f,\"machines\":%d,\"done\":%d,\"doubleSlots\":%d,\"answeredAfterwards\":%d,\"retries\":%d,"
         "\"p50ms\":%.3f,\"p99ms\":%.3f,\"maxMs\":%.3f}\n",
         (ended - begun) / 1e6, count, done, doubles, answered, retries, samples[sampled / 2], samples[sampled * 99 / 100],
         samples[sampled > 0 ? sampled - 1 : 0]);
  return done == count && doubles == 0 && answered == 0 ? 0 : 1;
}
