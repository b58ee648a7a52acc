/* Hands the usual request, one without a body, to the warm server: what WarmConnection describes, as
 * in stub.pl, which takes all other requests, and starts the server. A program is up in a fraction of
 * the time that Perl takes. Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RUN {run}
#define NAME {name}
#define PERL {perl}
#define STUB {stub}
#define JAVA {java}
#define COLD {cold}

#define TAKEN 'r'
#define TAKE_MILLIS 1000
#define HEAD_LARGEST (64 * 1024)
#define FRAME_HEAD 5
#define FRAME_LARGEST (64 * 1024)

extern char **environ;

static unsigned char in[FRAME_HEAD + FRAME_LARGEST];
static size_t in_length;
static int answered;

static int is_set(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0;
}

/* Whatever the server sends is for a reader that may be slow, or not wait at all. */
static void put(int fd, const void *bytes, size_t size) {
  const char *next = bytes;
  while (size > 0) {
    ssize_t n = write(fd, next, size);
    if (n >= 0) {
      next += n;
      size -= n;
    } else if (errno == EAGAIN) {
      struct pollfd full = {fd, POLLOUT, 0};
      poll(&full, 1, -1);
    } else if (errno != EINTR) {
      if (fd == STDERR_FILENO) {
        return;
      }
      _exit(1);
    }
  }
}

static void put_text(int fd, const char *text) { put(fd, text, strlen(text)); }

static void fail(const char *message) {
  signal(SIGPIPE, SIG_IGN);
  put_text(STDERR_FILENO, "postern: ");
  put_text(STDERR_FILENO, message);
  put_text(STDERR_FILENO, "\n");
  if (!answered) {
    const char *method = getenv("REQUEST_METHOD");
    put_text(STDOUT_FILENO,
             "Status: 500 Internal Server Error\r\n"
             "Content-Type: text/plain; charset=utf-8\r\n"
             "Content-Length: 26\r\n\r\n");
    if (method == NULL || strcmp(method, "HEAD") != 0) {
      put_text(STDOUT_FILENO, "500 Internal Server Error\n");
    }
  }
  _exit(1);
}

static void lost(void) { fail("the warm server ended before its response was whole"); }

static void go_cold(void) {
  execl(JAVA, JAVA, COLD, (char *)NULL);
  const char *reason = strerror(errno);
  char message[4096];
  snprintf(message, sizeof message, "cannot start %s: %s", JAVA, reason);
  fail(message);
}

static void leave_to_perl(void) {
  execl(PERL, PERL, STUB, (char *)NULL);
  /* It has been taken away since the installation. */
  go_cold();
}

/* A socket that has the server at its other end, or -1. */
static int connect_server(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct stat stat;
  char *path = address.sun_path;
  size_t room = sizeof address.sun_path;
  if ((size_t)snprintf(path, room, "%s/%u/%s.sock", RUN, geteuid(), NAME) >= room) {
    return -1;
  }
  /* The directory is this user's alone: nobody else can have made the socket in it. */
  char *name = strrchr(path, '/');
  *name = '\0';
  if (lstat(path, &stat) != 0 || !S_ISDIR(stat.st_mode) || stat.st_uid != geteuid()
      || (stat.st_mode & 077) != 0) {
    return -1;
  }
  *name = '/';
  /* Where the queue is full, connect must not wait. */
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (server >= 0 && connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
    if (errno == EAGAIN) {
      go_cold();
    }
    close(server);
    return -1;
  }
  return server;
}

/* Of what send_head sends. */
static size_t head_size(void) {
  size_t size = 4;
  for (char **variable = environ; *variable != NULL; variable++) {
    size += strlen(*variable) + 1;
  }
  return size;
}

/* Whether all of the environment went out at once; else it is as if nothing had. */
static int send_head(int server) {
  unsigned char head[HEAD_LARGEST];
  size_t size = head_size();
  for (int i = 0; i < 4; i++) {
    head[i] = (size - 4) >> (24 - 8 * i);
  }
  unsigned char *end = head + 4;
  for (char **variable = environ; *variable != NULL; variable++) {
    size_t length = strlen(*variable) + 1;
    memcpy(end, *variable, length);
    end += length;
  }
  return send(server, head, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* More bytes of the server's; false at their end. */
static int receive(int server) {
  ssize_t n;
  do {
    n = read(server, in + in_length, sizeof in - in_length);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) {
    return 0;
  }
  in_length += n;
  return 1;
}

static void drop(size_t size) {
  in_length -= size;
  memmove(in, in + size, in_length);
}

static int await_taken(int server) {
  struct pollfd answer = {server, POLLIN, 0};
  int ready;
  do {
    ready = poll(&answer, 1, TAKE_MILLIS);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) {
    /* From here on the server cannot take it any more: its word would not get through. */
    shutdown(server, SHUT_RDWR);
  }
  if (!receive(server) || in[0] != TAKEN) {
    return 0;
  }
  if (ready <= 0) {
    lost();
  }
  drop(1);
  return 1;
}

/* frame = kind(1) length(4) bytes */
static void put_frames(void) {
  while (in_length >= FRAME_HEAD) {
    size_t size = (size_t)in[1] << 24 | in[2] << 16 | in[3] << 8 | in[4];
    if (size > FRAME_LARGEST) {
      lost();
    }
    if (in_length < FRAME_HEAD + size) {
      return;
    }
    switch (in[0]) {
      case 'o':
        answered = 1;
        put(STDOUT_FILENO, in + FRAME_HEAD, size);
        break;
      case 'e':
        put(STDERR_FILENO, in + FRAME_HEAD, size);
        break;
      case 'x':
        _exit(in[FRAME_HEAD]);
      default:
        lost();
    }
    drop(FRAME_HEAD + size);
  }
}

/* A server may start a program with a standard stream closed. The next file, such as our socket,
 * would take its number. Standard input is empty then, standard output refuses all bytes. */
static void open_standard_streams(void) {
  static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0) {
      /* The lowest number that is free. */
      open("/dev/null", modes[fd]);
    }
  }
}

int main(int count, char **arguments) {
  (void)arguments;
  if (count < 2) {
    /* The file that names this program as its interpreter would be there: it is being tried out. */
    return 0;
  }
  open_standard_streams();
  /* More than the largest head may not go out at once. */
  if (is_set("POSTERN_COLD") || is_set("CONTENT_LENGTH") || head_size() > HEAD_LARGEST) {
    leave_to_perl();
  }
  int server = connect_server();
  if (server < 0) {
    leave_to_perl();
  }
  if (!send_head(server)) {
    close(server);
    leave_to_perl();
  }
  if (!await_taken(server)) {
    go_cold();
  }
  signal(SIGPIPE, SIG_IGN);
  fcntl(server, F_SETFL, 0);
  do {
    put_frames();
  } while (receive(server));
  lost();
}
