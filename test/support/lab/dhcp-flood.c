// Sends DHCP as fast as it is told, until SIGTERM: half of it noise, half of it DISCOVERs of UEFI firmware, each from
// another machine that does not exist. In a network namespace with an address. In C and in batches, so that it takes little
// of the processor from the server that it floods. Prints, each second, how many datagrams it sent in it.
//
//   dhcp-flood OWN_ADDRESS DATAGRAMS_A_SECOND
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "flood.h"

enum { BATCH = 64, SIZE = 320, DISCOVER_SIZE = 300 };

static uint8_t *option(uint8_t *p, int code, int length, const void *octets) {
  *p++ = code, *p++ = length;
  memcpy(p, octets, length);
  return p + length;
}

static int noise(uint8_t *b) {
  int length = 20 + chance() % 200;
  for (int at = 0; at < length; at++) b[at] = chance();
  return length;
}

static int discover(uint8_t *b) {
  memset(b, 0, DISCOVER_SIZE);
  b[0] = 1, b[1] = 1, b[2] = 6;
  uint32_t xid = chance(), mac = chance();
  memcpy(b + 4, &xid, 4);
  b[28] = 2, b[29] = chance();
  memcpy(b + 30, &mac, 4);
  memcpy(b + 236, "\x63\x82\x53\x63", 4);
  uint8_t *p = option(b + 240, 53, 1, "\x01");
  p = option(p, 55, 11, "\x01\x03\x06\x0c\x0f\x2b\x36\x3c\x42\x43\x61");
  p = option(p, 60, 32, "PXEClient:Arch:00007:UNDI:003000");
  p = option(p, 93, 2, "\x00\x07");
  *p = 255;
  return DISCOVER_SIZE;
}

int main(int argc, char **argv) {
  double rate = argc == 3 ? atof(argv[2]) : 0;
  if (rate <= 0) {
    fprintf(stderr, "usage: dhcp-flood OWN_ADDRESS DATAGRAMS_A_SECOND\n");
    return 2;
  }
  signal(SIGTERM, stop);
  setvbuf(stdout, NULL, _IOLBF, 0);
  int sock = socket(AF_INET, SOCK_DGRAM, 0), one = 1, room = 4 << 20;
  setsockopt(sock, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
  setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(68), .sin_addr.s_addr = inet_addr(argv[1])};
  struct sockaddr_in everybody = {.sin_family = AF_INET, .sin_port = htons(67), .sin_addr.s_addr = INADDR_BROADCAST};
  if (bind(sock, (struct sockaddr *)&own, sizeof own) != 0) {
    perror("dhcp-flood: cannot bind port 68");
    return 1;
  }
  static uint8_t out[BATCH][SIZE];
  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH] = {0};
  for (int n = 0; n < BATCH; n++) {
    parts[n].iov_base = out[n];
    messages[n].msg_hdr = (struct msghdr){
        .msg_name = &everybody, .msg_namelen = sizeof everybody, .msg_iov = &parts[n], .msg_iovlen = 1};
  }
  int64_t second = now_us(), sent = 0, owed = 0;
  while (!is_over) {
    int64_t now = now_us();
    if (now >= second + 1000000) {
      printf("%lld\n", (long long)(sent * 1000000 / (now - second)));
      // What a second did not come to is not sent in the next one as well, but for what was about to be.
      owed += (int64_t)((now - second) * rate / 1e6) - sent;
      owed = owed > BATCH ? BATCH : owed;
      second = now, sent = 0;
    }
    int64_t due = owed + (int64_t)((now - second) * rate / 1e6);
    int wanted = due - sent < BATCH ? (int)(due - sent) : BATCH;
    for (int n = 0; n < wanted; n++) parts[n].iov_len = n % 2 == 0 ? noise(out[n]) : discover(out[n]);
    int went = wanted > 0 ? sendmmsg(sock, messages, wanted, 0) : 0;
    if (went > 0) sent += went;
    if (wanted < BATCH) nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  return 0;
}
