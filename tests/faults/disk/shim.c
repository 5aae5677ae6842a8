/* Put in front of the C library with LD_PRELOAD: counts every call that makes something durable (writes into
 * regular files, syncs, truncations, renames, removals) and lets one of them fail.
 *
 * FAULT_AT    which call, from 1; 0 counts only
 * FAULT_KIND  error, late-error, kill-before, kill-after, full, torn, dead (every call from then on fails)
 * FAULT_COUNT a file that gets the number of calls at the end
 * FAULT_DAYS  how many days the clock is ahead
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long count, at, days;
static char kind[32], report[4096];

__attribute__((constructor)) static void begin(void) {
    const char *value;
    if ((value = getenv("FAULT_AT"))) at = atol(value);
    if ((value = getenv("FAULT_KIND"))) strncpy(kind, value, sizeof kind - 1);
    if ((value = getenv("FAULT_DAYS"))) days = atol(value);
    if ((value = getenv("FAULT_COUNT"))) strncpy(report, value, sizeof report - 1);
}

__attribute__((destructor)) static void end(void) {
    FILE *file = report[0] ? fopen(report, "w") : NULL;
    if (file) { fprintf(file, "%ld\n", count); fclose(file); }
}

enum act { GO, FAIL, GO_FAIL, DIE, GO_DIE, TORN };

static enum act next(int is_write) {
    enum act act = GO;
    pthread_mutex_lock(&lock);
    count++;
    if (at && (count == at || (count > at && !strcmp(kind, "dead")))) {
        errno = EIO;
        if (!strcmp(kind, "error") || !strcmp(kind, "dead")) act = FAIL;
        else if (!strcmp(kind, "late-error")) act = GO_FAIL;
        else if (!strcmp(kind, "kill-before")) act = DIE;
        else if (!strcmp(kind, "kill-after")) act = GO_DIE;
        else if (!strcmp(kind, "full")) { act = FAIL; errno = ENOSPC; }
        else if (!strcmp(kind, "torn")) act = is_write ? TORN : DIE;
    }
    pthread_mutex_unlock(&lock);
    return act;
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

static int regular(int fd) {
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
}

#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define RUN(type, is_write, call, half) \
    do { \
        enum act act = next(is_write); \
        if (act == FAIL) return -1; \
        if (act == DIE) die(); \
        if (act == TORN) { half; die(); } \
        type result = call; \
        if (act == GO_DIE) die(); \
        if (act == GO_FAIL) { errno = EIO; return -1; } \
        return result; \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!regular(fd)) return real(fd, bytes, size);
    RUN(ssize_t, 1, real(fd, bytes, size), real(fd, bytes, size / 2));
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t from) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    if (!regular(fd)) return real(fd, bytes, size, from);
    RUN(ssize_t, 1, real(fd, bytes, size, from), real(fd, bytes, size / 2, from));
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t from) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (!regular(fd)) return real(fd, bytes, size, from);
    RUN(ssize_t, 1, real(fd, bytes, size, from), real(fd, bytes, size / 2, from));
}
ssize_t writev(int fd, const struct iovec *parts, int number) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!regular(fd)) return real(fd, parts, number);
    RUN(ssize_t, 1, real(fd, parts, number), real(fd, parts, number / 2));
}
int fsync(int fd) { REAL(int, "fsync", int); RUN(int, 0, real(fd), (void)0); }
int fdatasync(int fd) { REAL(int, "fdatasync", int); RUN(int, 0, real(fd), (void)0); }
int ftruncate(int fd, off_t size) { REAL(int, "ftruncate", int, off_t); RUN(int, 0, real(fd, size), (void)0); }
int ftruncate64(int fd, off64_t size) { REAL(int, "ftruncate64", int, off64_t); RUN(int, 0, real(fd, size), (void)0); }
int rename(const char *from, const char *to) { REAL(int, "rename", const char *, const char *); RUN(int, 0, real(from, to), (void)0); }
int unlink(const char *path) { REAL(int, "unlink", const char *); RUN(int, 0, real(path), (void)0); }
int unlinkat(int at_fd, const char *path, int flags) { REAL(int, "unlinkat", int, const char *, int); RUN(int, 0, real(at_fd, path, flags), (void)0); }
int mkdir(const char *path, mode_t mode) { REAL(int, "mkdir", const char *, mode_t); RUN(int, 0, real(path, mode), (void)0); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int result = real(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += days * 86400;
    return result;
}
