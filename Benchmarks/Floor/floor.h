// What the floors share: SQLite, times, and one line of JSON for each measurement.
#pragma once
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>
#include "../Capture/employers.h"

enum { EDITS = 20000, SINGLE_SAVES = 10000, BATCH = 100, FIELDS = 17 };

static const char *const FIELD[FIELDS] = {
    "id", "scope", "name", "uscc", "address", "phone", "legal_rep", "industry", "headcount",
    "contracts", "insured", "wage_day", "arrears", "lat", "lon", "verified_on", "notes"};
// One edit in six goes to each of these fields.
static const int EDITED[6] = {5, 8, 10, 12, 15, 16};

static void stop(sqlite3 *db, const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, db ? sqlite3_errmsg(db) : "cannot be used");
    exit(1);
}

static void run(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, 0, 0, 0)) stop(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, 0)) stop(db, sql);
    return statement;
}

static void step(sqlite3 *db, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) stop(db, sqlite3_sql(statement));
    sqlite3_reset(statement);
}

static sqlite3 *open_file(const char *path) {
    sqlite3 *db;
    if (sqlite3_open(path, &db)) stop(db, path);
    run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
            "PRAGMA wal_autocheckpoint=4000");
    return db;
}

typedef struct { double wall, cpu; } Moment;

static Moment now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (Moment){time.tv_sec + time.tv_nsec * 1e-9,
                    used.ru_utime.tv_sec + used.ru_stime.tv_sec +
                        (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6};
}

static void report(const char *what, Moment start, int64_t bytes) {
    Moment end = now();
    printf("{\"what\":\"%s\",\"wall\":%.6f,\"cpu\":%.6f,\"bytes\":%lld}\n", what,
           end.wall - start.wall, end.cpu - start.cpu, (long long)bytes);
    fflush(stdout);
}

static int64_t file_size(const char *path) {
    struct stat file;
    return stat(path, &file) ? 0 : file.st_size;
}

static void remove_file(const char *path) {
    char side[600];
    const char *suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(side, 600, "%s%s", path, suffixes[i]);
        unlink(side);
    }
}

// Copies a closed database.
static void copy_file(const char *from, const char *to) {
    remove_file(to);
    static char bytes[1 << 20];
    int source = open(from, O_RDONLY), target = open(to, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (source < 0 || target < 0) stop(0, from);
    for (ssize_t count; (count = read(source, bytes, sizeof bytes)) > 0;)
        if (write(target, bytes, count) != count) stop(0, to);
    if (fsync(target)) stop(0, to);
    close(source);
    close(target);
}
