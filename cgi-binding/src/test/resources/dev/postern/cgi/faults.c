/*
 * Preloaded into a JVM: lets calls of one function fail. Only those that the JVM has looked up by
 * dlsym, as its foreign function API does, come here; the JVM's own are bound at its start.
 * POSTERN_FAULTS names the file that says which and how.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* As in NativeFaults: the function's number, good calls before, bad calls, errno, and what came. */
struct control {
  int function, good, bad, error, hits;
};

static struct control off;
static struct control *control = &off;

__attribute__((constructor)) static void map_control(void) {
  const char *file = getenv("POSTERN_FAULTS");
  int fd = file == NULL ? -1 : open(file, O_RDWR | O_CLOEXEC);
  if (fd >= 0) {
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) {
      control = mapped;
    }
    close(fd);
  }
}

static int fails(int function) {
  if (__atomic_load_n(&control->function, __ATOMIC_SEQ_CST) != function ||
      __atomic_fetch_sub(&control->good, 1, __ATOMIC_SEQ_CST) > 0 ||
      __atomic_fetch_sub(&control->bad, 1, __ATOMIC_SEQ_CST) <= 0) {
    return 0;
  }
  __atomic_fetch_add(&control->hits, 1, __ATOMIC_SEQ_CST);
  errno = control->error;
  return 1;
}

static int bad_pipe2(int ends[2], int flags) { return fails(1) ? -1 : pipe2(ends, flags); }

static int bad_eventfd(unsigned int value, int flags) {
  return fails(2) ? -1 : eventfd(value, flags);
}

static int bad_fcntl(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  int argument = va_arg(more, int);
  va_end(more);
  return fails(3) ? -1 : fcntl(fd, command, argument);
}

static int bad_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, char *const arguments[],
                     char *const environment[]) {
  return fails(4) ? control->error
                  : posix_spawn(pid, path, actions, attributes, arguments, environment);
}

static int bad_adddup2(posix_spawn_file_actions_t *actions, int from, int to) {
  return fails(5) ? control->error : posix_spawn_file_actions_adddup2(actions, from, to);
}

static int bad_addchdir(posix_spawn_file_actions_t *actions, const char *path) {
  return fails(6) ? control->error : posix_spawn_file_actions_addchdir_np(actions, path);
}

static ssize_t bad_read(int fd, void *bytes, size_t size) {
  return fails(7) ? -1 : read(fd, bytes, size);
}

static ssize_t bad_write(int fd, const void *bytes, size_t size) {
  return fails(8) ? -1 : write(fd, bytes, size);
}

static int bad_poll(struct pollfd *polled, nfds_t count, int millis) {
  return fails(9) ? -1 : poll(polled, count, millis);
}

static int bad_waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
  return fails(10) ? -1 : waitid(type, id, info, options);
}

/* A lost KILL would leave what ends by nothing else. */
static int bad_kill(pid_t pid, int signal) {
  return signal == SIGTERM && fails(11) ? -1 : kill(pid, signal);
}

static long bad_syscall(long number, long a, long b, long c, long d) {
  return fails(12) ? -1 : syscall(number, a, b, c, d);
}

/* The kernel closes a descriptor whatever it answers. */
static int bad_close(int fd) {
  int closed = close(fd);
  return fails(13) ? -1 : closed;
}

static int bad_eventfd_read(int fd, eventfd_t *value) {
  return fails(14) ? -1 : eventfd_read(fd, value);
}

static int bad_actions_init(posix_spawn_file_actions_t *actions) {
  return fails(15) ? control->error : posix_spawn_file_actions_init(actions);
}

static const struct {
  const char *name;
  void *function;
} bad[] = {
    {"pipe2", bad_pipe2},
    {"eventfd", bad_eventfd},
    {"fcntl", bad_fcntl},
    {"posix_spawn", bad_spawn},
    {"posix_spawn_file_actions_adddup2", bad_adddup2},
    {"posix_spawn_file_actions_addchdir_np", bad_addchdir},
    {"read", bad_read},
    {"write", bad_write},
    {"poll", bad_poll},
    {"waitid", bad_waitid},
    {"kill", bad_kill},
    {"syscall", bad_syscall},
    {"close", bad_close},
    {"eventfd_read", bad_eventfd_read},
    {"posix_spawn_file_actions_init", bad_actions_init},
};

void *dlsym(void *handle, const char *name) {
  static void *(*real)(void *, const char *);
  static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.27"};
  for (size_t i = 0; real == NULL && i < sizeof versions / sizeof *versions; i++) {
    real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  }
  for (size_t i = 0; control != &off && i < sizeof bad / sizeof *bad; i++) {
    if (strcmp(name, bad[i].name) == 0) {
      return bad[i].function;
    }
  }
  return real(handle, name);
}
