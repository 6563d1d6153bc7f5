/* Preloaded into a program, this adds whole seconds to the wall clock that it sees. They are an int64 at the start of the file that
 * CLOCK_STEP_FILE names, and may change while the program runs. The monotonic clocks stay as they are, as when a real clock is set.
 * (libfaketime would be the tool for this, but it doesn't work in a program that is linked with jemalloc, as Debian's Redis is.) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t zero, *step = &zero;

__attribute__((constructor)) static void attach(void) {
  const char *name = getenv("CLOCK_STEP_FILE");
  int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  void *at = file < 0 ? MAP_FAILED : mmap(0, sizeof *step, PROT_READ, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) abort(); /* rather than a proof of nothing */
  step = at;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *t) {
  int result = (int)syscall(SYS_clock_gettime, clock, t);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) t->tv_sec += *step;
  return result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  t->tv_sec = now.tv_sec;
  t->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *t) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}
