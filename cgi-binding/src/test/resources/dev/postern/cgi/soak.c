/* The programs of SoakTest. Which one it is, its name says. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_TIME 987

static const char HEAD[] = "Content-Type: text/plain\n\n";
static char block[64 * 1024];

static void write_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0) {
      _exit(1);
    }
    bytes += n;
    size -= n;
  }
}

static void print(const char *text) { write_all(1, text, strlen(text)); }

/* A child that holds what its parent holds, for long. */
static void leave_child(void) {
  if (fork() == 0) {
    sleep(LONG_TIME);
    _exit(0);
  }
}

static void good(void) {
  ssize_t n;
  print(HEAD);
  while ((n = read(0, block, sizeof block)) > 0) {
    write_all(1, block, n);
  }
}

static void nonsense(void) { print("nonsense\n"); }

static void silent(void) { sleep(LONG_TIME); }

static void flood(void) {
  memset(block, 'y', sizeof block);
  print(HEAD);
  for (;;) {
    write_all(1, block, sizeof block);
  }
}

static void killed(void) {
  print(HEAD);
  print("half");
  raise(SIGKILL);
}

static void left(void) {
  print(HEAD);
  print("ok");
  leave_child();
}

static void loud(void) {
  for (int i = 0; i < 5; i++) {
    write_all(2, block, sizeof block);
  }
  print(HEAD);
  print("ok");
}

static void endless(void) {
  memset(block, 'X', sizeof block);
  for (;;) {
    write_all(1, block, 512);
  }
}

static void deaf(void) {
  signal(SIGTERM, SIG_IGN);
  leave_child();
  while (wait(NULL) > 0) {
  }
}

static void closed(void) {
  close(0);
  close(1);
  close(2);
  sleep(LONG_TIME);
}

static const struct {
  const char *name;
  void (*run)(void);
} programs[] = {
    {"good", good},     {"nonsense", nonsense}, {"silent", silent}, {"flood", flood},
    {"killed", killed}, {"left", left},         {"loud", loud},     {"endless", endless},
    {"deaf", deaf},     {"closed", closed},
};

int main(int argc, char **argv) {
  const char *name = strrchr(argv[0], '/');
  for (size_t i = 0; name != NULL && i < sizeof programs / sizeof *programs; i++) {
    if (strcmp(name + 1, programs[i].name) == 0) {
      programs[i].run();
      return 0;
    }
  }
  return 2;
}
