// What capture costs: the same inserts and updates on a plain table and on a
// replica's table with its triggers, through SQLite's C API.
//
//   cc -O2 -o capture capture.c -lsqlite3 && ./capture employers.sql /tmp [rounds] [FULL]
//
// The plain table and the captured one take turns, each in a fresh file;
// medians of all rounds and their ratios are printed. employers.sql is what a
// replica emits for this record type (a test compares them).
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "employers.h"

enum { ROWS = 100000, UPDATES = 10000, BATCH = 100, FIELDS = 15, ROUNDS_MAX = 99 };
enum { INSERT, SINGLE, HUNDRED, SIZE, MEASURES };

static const char *FIELD[FIELDS] = {
    "name", "uscc", "address", "phone", "legal_rep", "industry", "headcount", "contracts",
    "insured", "wage_day", "arrears", "lat", "lon", "verified_on", "notes"};
static const char *PLAIN =
    "CREATE TABLE employer(id TEXT PRIMARY KEY NOT NULL, scope TEXT, name TEXT, uscc TEXT,"
    " address TEXT, phone TEXT, legal_rep TEXT, industry TEXT, headcount INTEGER,"
    " contracts INTEGER, insured INTEGER, wage_day INTEGER, arrears INTEGER, lat INTEGER,"
    " lon INTEGER, verified_on TEXT, notes TEXT)";

static void fail(sqlite3 *db, const char *what) {
    fprintf(stderr, "%s: %s\n", what, db ? sqlite3_errmsg(db) : "cannot be read");
    exit(1);
}

static void run(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, 0, 0, 0)) fail(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, 0)) fail(db, sql);
    return statement;
}

static void step(sqlite3 *db, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(db, sqlite3_sql(statement));
    sqlite3_reset(statement);
}

// Wall time, or with CPU=1 the time this process computed: what a busy machine can still tell.
static double now(void) {
    static int cpu = -1;
    if (cpu < 0) cpu = getenv("CPU") != 0;
    struct timespec time;
    clock_gettime(cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static char *contents(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(0, path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = calloc(1, size + 1);
    if (fread(text, 1, size, file) != (size_t)size) fail(0, path);
    fclose(file);
    return text;
}

static void bind_text(sqlite3_stmt *s, int at, const char *text) {
    if (*text) sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
    else sqlite3_bind_null(s, at);
}

static void bind_employer(sqlite3_stmt *s, const Employer *e) {
    const char *texts[] = {e->id, e->scope, e->name, e->uscc, e->address, e->phone, e->legal_rep,
                           e->industry};
    for (int i = 0; i < 8; i++) bind_text(s, i + 1, texts[i]);
    int64_t numbers[] = {e->headcount, e->contracts, e->insured, e->wage_day, e->arrears, e->lat,
                         e->lon};
    for (int i = 0; i < 7; i++) sqlite3_bind_int64(s, i + 9, numbers[i]);
    bind_text(s, 16, e->verified_on);
    bind_text(s, 17, e->notes);
}

// One update in six goes to each of these fields.
static const int UPDATED[6] = {3, 6, 8, 10, 13, 14};

static void update(sqlite3 *db, sqlite3_stmt **statements, const char *id, const Employer *e,
                   int turn) {
    sqlite3_stmt *s = statements[turn % 6];
    int64_t numbers[] = {0, 300 + e->headcount, 300 + e->insured, 50000000 + e->arrears};
    switch (turn % 6) {
    case 0: bind_text(s, 1, e->phone); break;
    case 4: bind_text(s, 1, "2027-05-06"); break;
    case 5: bind_text(s, 1, e->address); break;
    default: sqlite3_bind_int64(s, 1, numbers[turn % 6]);
    }
    sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
    step(db, s);
}

static void insert_all(sqlite3 *db, const Employer *employers) {
    sqlite3_stmt *insert = prepare(
        db, "INSERT INTO employer(id, scope, name, uscc, address, phone, legal_rep, industry,"
            " headcount, contracts, insured, wage_day, arrears, lat, lon, verified_on, notes)"
            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (int i = 0; i < ROWS; i += BATCH) {
        run(db, "BEGIN IMMEDIATE");
        for (int j = i; j < i + BATCH; j++) {
            bind_employer(insert, employers + j);
            step(db, insert);
        }
        run(db, "COMMIT");
    }
    sqlite3_finalize(insert);
}

static void update_all(sqlite3 *db, const Employer *employers, int first, int batch) {
    sqlite3_stmt *statements[6], *begin = prepare(db, "BEGIN IMMEDIATE");
    sqlite3_stmt *commit = prepare(db, "COMMIT");
    for (int i = 0; i < 6; i++) {
        char sql[99];
        snprintf(sql, 99, "UPDATE employer SET %s = ?1 WHERE id = ?2", FIELD[UPDATED[i]]);
        statements[i] = prepare(db, sql);
    }
    for (int i = 0; i < UPDATES; i += batch) {
        step(db, begin);
        for (int j = i; j < i + batch; j++) {
            // 7937 is coprime to the number of rows: every record once, in no order.
            int row = (int)((int64_t)(first + j) * 7937 % ROWS);
            update(db, statements, employers[row].id, employers + (row + 1) % ROWS, j);
        }
        step(db, commit);
    }
    for (int i = 0; i < 6; i++) sqlite3_finalize(statements[i]);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
}

static void measure(const char *path, const char *ddl, int full, const Employer *employers,
                    double *results) {
    char side[600];
    const char *suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(side, 600, "%s%s", path, suffixes[i]);
        unlink(side);
    }
    sqlite3 *db;
    if (sqlite3_open(path, &db)) fail(db, path);
    run(db, "PRAGMA journal_mode=WAL");
    run(db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    run(db, "PRAGMA cache_size=-65536");
    run(db, ddl);
    double start = now();
    insert_all(db, employers);
    results[INSERT] = now() - start;
    if (strcmp(ddl, PLAIN)) {
        // Idle and synchronised: every record has its number, the log is empty.
        run(db, "INSERT INTO fg_applying VALUES(1); UPDATE employer SET num = rec;"
                "DELETE FROM fg_log; DELETE FROM fg_applying");
    }
    run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    start = now();
    update_all(db, employers, 0, 1);
    results[SINGLE] = now() - start;
    start = now();
    update_all(db, employers, UPDATES, BATCH);
    results[HUNDRED] = now() - start;
    if (strcmp(ddl, PLAIN)) run(db, "DELETE FROM fg_log");
    run(db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    struct stat file;
    stat(path, &file);
    results[SIZE] = file.st_size;
    sqlite3_close(db);
    for (int i = 0; i < 3; i++) {
        snprintf(side, 600, "%s%s", path, suffixes[i]);
        unlink(side);
    }
}

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: capture employers.sql FOLDER [rounds] [FULL]\n");
        return 64;
    }
    const char *ddl[2] = {PLAIN, contents(arguments[1])};
    int rounds = count > 3 ? atoi(arguments[3]) : 5;
    if (rounds < 1 || rounds > ROUNDS_MAX) rounds = 5;
    int full = count > 4;
    Employer *employers = make_employers(20261123, ROWS);
    static double results[2][MEASURES][ROUNDS_MAX];
    char path[500];
    snprintf(path, 500, "%s/capture-benchmark.sqlite", arguments[2]);
    for (int round = 0; round < rounds; round++)
        for (int side = 0; side < 2; side++) {
            double one[MEASURES];
            measure(path, ddl[side], full, employers, one);
            for (int m = 0; m < MEASURES; m++) results[side][m][round] = one[m];
        }
    const char *names[] = {"insert, 100 per transaction", "update, 1 per transaction",
                           "update, 100 per transaction", "size, idle"};
    const double bars[] = {1.25, 1.45, 1.30, 1.08};
    printf("%d rounds, synchronous=%s, %s time\n", rounds, full ? "FULL" : "NORMAL",
           getenv("CPU") ? "CPU" : "wall");
    for (int m = 0; m < MEASURES; m++) {
        for (int side = 0; side < 2; side++)
            qsort(results[side][m], rounds, sizeof(double), ascending);
        double plain = results[0][m][rounds / 2], ours = results[1][m][rounds / 2];
        printf("%-28s plain %12.3f  captured %12.3f  ratio %.2f  (bar %.2f)\n", names[m], plain,
               ours, ours / plain, bars[m]);
    }
    return 0;
}
