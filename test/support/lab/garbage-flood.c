// Sends garbage to all ports of an appliance at once, until SIGTERM: to DHCP and TFTP noise, headers in front of noise, and
// TFTP requests for files there are and are not, from many ports; to HTTP many connections with noise, endless headers,
// half a request and then nothing. From an address in a network namespace. Prints, each second, how many datagrams and
// how many connections it made in it.
//
//   garbage-flood OWN_ADDRESS SERVER DATAGRAMS_A_SECOND CONNECTIONS_AT_ONCE
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flood.h"

enum { SIZE = 1472, PORTS = 600, CONNECTIONS_MAX = 4096 };

static struct sockaddr_in own = {.sin_family = AF_INET}, server = {.sin_family = AF_INET};

static int noise(uint8_t *b, int length) {
  for (int at = 0; at < length; at++) b[at] = chance();
  return length;
}

static int tftp(uint8_t *b) {
  switch (chance() % 8) {
    case 0: return noise(b, chance() % SIZE);
    case 1: return sprintf((char *)b + 1, "%csnponly.efi%coctet%cblksize%c1468", 1, 0, 0, 0) + 2;
    case 2: return sprintf((char *)b + 1, "%c../../%08x%coctet", 1, chance(), 0) + 2;
    case 3: return sprintf((char *)b + 1, "%cfile-%08x%coctet%ctsize%c0", 1, chance(), 0, 0, 0) + 2;
    case 4: return sprintf((char *)b + 1, "%cfile-%08x%cnetascii", 2, chance(), 0) + 2;
    default: noise(b, 2 + chance() % 600);
  }
  b[0] = 0, b[1] = chance() % 8;
  return 2 + chance() % 600;
}

static int dhcp(uint8_t *b) {
  int length = chance() % SIZE;
  noise(b, length);
  if (length < 260) return length;
  b[0] = 1, b[1] = 1, b[2] = 6;
  if (chance() % 2) memset(b + 24, 0, 4);
  memcpy(b + 236, "\x63\x82\x53\x63\x35\x01", 6);
  b[242] = 1 + chance() % 8;
  return length;
}

// A connection that is just open says something, or nothing more.
static int speak(int fd) {
  static char text[20000];
  switch (chance() % 6) {
    case 0: return send(fd, text, noise((uint8_t *)text, 1 + chance() % 4000), MSG_NOSIGNAL) < 0;
    case 1: return send(fd, text, sprintf(text, "GET /assets/%08x HTTP/1.1\r\nHost: a\r\n\r\n", chance()), MSG_NOSIGNAL) < 0;
    case 2: return send(fd, text, sprintf(text, "GET /ipxe/02-00-%02x-00-00-01 HTTP/1.1\r\nHost: a\r\n\r\n", chance() & 255), MSG_NOSIGNAL) < 0;
    case 3: memset(text, 'a', sizeof text), memcpy(text, "GET / HTTP/1.1\r\nX: ", 19); return send(fd, text, sizeof text, MSG_NOSIGNAL) < 0;
    case 4: return send(fd, "POST /api/boot/answer HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n{", 69, MSG_NOSIGNAL) < 0;
    default: return send(fd, "GET /", 5, MSG_NOSIGNAL) < 0;
  }
}

static int connect_now(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  server.sin_port = htons(80);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) close(fd), fd = -1;
  return fd;
}

int main(int argc, char **argv) {
  double rate = argc == 5 ? atof(argv[3]) : 0;
  int connections = argc == 5 ? atoi(argv[4]) : 0;
  if (rate <= 0 || connections > CONNECTIONS_MAX) {
    fprintf(stderr, "usage: garbage-flood OWN_ADDRESS SERVER DATAGRAMS_A_SECOND CONNECTIONS_AT_ONCE\n");
    return 2;
  }
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 8192, .rlim_max = 8192});
  signal(SIGTERM, stop);
  setvbuf(stdout, NULL, _IOLBF, 0);
  own.sin_addr.s_addr = inet_addr(argv[1]), server.sin_addr.s_addr = inet_addr(argv[2]);
  static int ports[PORTS], open_now[CONNECTIONS_MAX];
  for (int n = 0; n < PORTS; n++) {
    ports[n] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (bind(ports[n], (struct sockaddr *)&own, sizeof own) != 0) return perror("garbage-flood: cannot bind"), 1;
  }
  memset(open_now, -1, sizeof open_now);
  static uint8_t out[SIZE + 64];
  int64_t second = now_us(), sent = 0, made = 0;
  while (!is_over) {
    int64_t now = now_us();
    if (now >= second + 1000000) printf("%lld %lld\n", (long long)sent, (long long)made), second = now, sent = made = 0;
    int64_t due = (int64_t)((now - second) * rate / 1e6);
    for (int n = 0; n < 64 && sent < due; n++, sent++) {
      int is_tftp = chance() % 3 > 0;
      memset(out, 0, 64);
      int length = is_tftp ? tftp(out) : dhcp(out);
      server.sin_port = htons(is_tftp ? 69 : 67);
      sendto(ports[chance() % PORTS], out, length, 0, (struct sockaddr *)&server, sizeof server);
    }
    // Some connections a round: an old one is given up for each, if there are as many as there may be.
    for (int n = 0; n < 8 && connections > 0; n++) {
      int at = chance() % connections;
      if (open_now[at] >= 0) speak(open_now[at]);
      if (open_now[at] >= 0 && chance() % 2) continue;
      if (open_now[at] >= 0) close(open_now[at]);
      open_now[at] = connect_now();
      made += open_now[at] >= 0;
    }
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  return 0;
}
