// stamp FILE PROGRAM [ARGUMENT...]: run a program, and append to FILE when it was started and when it had ended, in microseconds since 1970.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int count, char **words) {
  if (count < 3) return fprintf(stderr, "usage: stamp FILE PROGRAM [ARGUMENT...]\n"), 125;
  extern char **environ;
  pid_t child;
  int status;
  long long before = now();
  if (posix_spawn(&child, words[2], NULL, NULL, words + 2, environ)) return perror(words[2]), 125;
  if (waitpid(child, &status, 0) < 0) return perror("waitpid"), 125;
  long long after = now();
  FILE *file = fopen(words[1], "a");
  if (!file) return perror(words[1]), 125;
  fprintf(file, "%lld\t%lld\n", before, after);
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
