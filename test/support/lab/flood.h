// What every flood needs: its end, the time, and chance that is the same each time.
#include <signal.h>
#include <stdint.h>
#include <time.h>

static volatile sig_atomic_t is_over;
static uint64_t state = 1;

static void stop(int number) {
  (void)number;
  is_over = 1;
}

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

// xorshift64*, always from the same seed.
static uint32_t chance(void) {
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return (state * 0x2545f4914f6cdd1dULL) >> 32;
}
