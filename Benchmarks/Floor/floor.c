// The floors that the engine is measured against: the same work on plain SQLite
// and on its session extension, through the C API, with the same durability.
//
//   cc -O2 -o floor floor.c -lsqlite3 -lzstd
//   ./floor make FOLDER ROWS   plain.sqlite: fictional employers, and 20 000 edits to make
//   ./floor merge FOLDER       the edits, blind, in one transaction
//   ./floor copy FOLDER        a copy of the file by SQLite's backup
//   ./floor session FOLDER     delta, its application, bootstrap by changeset
//
// Each measurement is one line of JSON: wall and processor seconds, bytes.
#include "floor.h"

static const char *TABLE =
    "CREATE TABLE employer(id TEXT PRIMARY KEY NOT NULL, scope TEXT, name TEXT, uscc TEXT,"
    " address TEXT, phone TEXT, legal_rep TEXT, industry TEXT, headcount INTEGER,"
    " contracts INTEGER, insured INTEGER, wage_day INTEGER, arrears INTEGER, lat INTEGER,"
    " lon INTEGER, verified_on TEXT, notes TEXT)";

static void bind_text(sqlite3_stmt *s, int at, const char *text) {
    if (*text) sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
    else sqlite3_bind_null(s, at);
}

static void bind_employer(sqlite3_stmt *s, const Employer *e) {
    const char *texts[] = {e->id, "3301", e->name, e->uscc, e->address, e->phone, e->legal_rep,
                           e->industry};
    for (int i = 0; i < 8; i++) bind_text(s, i + 1, texts[i]);
    int64_t numbers[] = {e->headcount, e->contracts, e->insured, e->wage_day, e->arrears, e->lat,
                         e->lon};
    for (int i = 0; i < 7; i++) sqlite3_bind_int64(s, i + 9, numbers[i]);
    bind_text(s, 16, e->verified_on);
    bind_text(s, 17, e->notes);
}

static void bind_edit(sqlite3_stmt *s, const Employer *e, int turn) {
    switch (turn % 6) {
    case 0: bind_text(s, 5, e->phone); break;
    case 1: sqlite3_bind_int64(s, 5, 300 + e->headcount); break;
    case 2: sqlite3_bind_int64(s, 5, 300 + e->insured); break;
    case 3: sqlite3_bind_int64(s, 5, 50000000 + e->arrears); break;
    case 4: bind_text(s, 5, "2027-05-06"); break;
    default: bind_text(s, 5, e->address);
    }
}

// Half of the edits are saved one at a time, the others a hundred at a time.
static void make(const char *path, int rows) {
    remove_file(path);
    sqlite3 *db = open_file(path);
    run(db, TABLE);
    run(db, "CREATE TABLE edit(n INTEGER PRIMARY KEY, save INTEGER, id TEXT, field TEXT, value)");
    run(db, "BEGIN");
    sqlite3_stmt *insert =
        prepare(db, "INSERT INTO employer VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    char(*ids)[37] = malloc(37 * (size_t)rows);
    Employer employer;
    random_state = 20261123;
    for (int i = 0; i < rows; i++) {
        make_employer(&employer);
        strcpy(ids[i], employer.id);
        bind_employer(insert, &employer);
        step(db, insert);
    }
    int edits = rows < EDITS ? rows : EDITS;
    // Every edit is of another record, in no order.
    int *order = malloc(sizeof(int) * (size_t)rows);
    for (int i = 0; i < rows; i++) order[i] = i;
    for (int i = 0; i < edits; i++) {
        int other = i + (int)below((uint32_t)(rows - i)), row = order[i];
        order[i] = order[other];
        order[other] = row;
    }
    sqlite3_stmt *edit = prepare(db, "INSERT INTO edit VALUES(?,?,?,?,?)");
    for (int i = 0; i < edits; i++) {
        make_employer(&employer);
        sqlite3_bind_int(edit, 1, i);
        sqlite3_bind_int(edit, 2, i < SINGLE_SAVES ? i : SINGLE_SAVES + i / BATCH);
        bind_text(edit, 3, ids[order[i]]);
        bind_text(edit, 4, FIELD[EDITED[i % 6]]);
        bind_edit(edit, &employer, i);
        step(db, edit);
    }
    run(db, "COMMIT");
    sqlite3_finalize(insert);
    sqlite3_finalize(edit);
    sqlite3_close(db);
}

typedef struct {
    int field;
    char id[37];
    sqlite3_value *value;
} Edit;

static Edit edits[EDITS];
static int edit_count;

static void read_edits(const char *path) {
    sqlite3 *db;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, 0)) stop(db, path);
    sqlite3_stmt *rows = prepare(db, "SELECT id, field, value FROM edit ORDER BY n");
    while (sqlite3_step(rows) == SQLITE_ROW) {
        Edit *edit = &edits[edit_count++];
        strcpy(edit->id, (const char *)sqlite3_column_text(rows, 0));
        for (edit->field = 0; edit->field < 6; edit->field++)
            if (!strcmp(FIELD[EDITED[edit->field]], (const char *)sqlite3_column_text(rows, 1)))
                break;
        edit->value = sqlite3_value_dup(sqlite3_column_value(rows, 2));
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
}

static void make_edits(sqlite3 *db) {
    sqlite3_stmt *statements[6];
    for (int i = 0; i < 6; i++) {
        char sql[99];
        snprintf(sql, 99, "UPDATE employer SET %s = ?1 WHERE id = ?2", FIELD[EDITED[i]]);
        statements[i] = prepare(db, sql);
    }
    run(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < edit_count; i++) {
        sqlite3_stmt *s = statements[edits[i].field];
        sqlite3_bind_value(s, 1, edits[i].value);
        sqlite3_bind_text(s, 2, edits[i].id, 36, SQLITE_STATIC);
        step(db, s);
    }
    run(db, "COMMIT");
    for (int i = 0; i < 6; i++) sqlite3_finalize(statements[i]);
}

static void merge(const char *plain, const char *work) {
    copy_file(plain, work);
    sqlite3 *db = open_file(work);
    Moment start = now();
    make_edits(db);
    report("merge_plain", start, 0);
    sqlite3_close(db);
    remove_file(work);
}

static void copy(const char *plain, const char *work) {
    remove_file(work);
    Moment start = now();
    sqlite3 *from = open_file(plain), *to = open_file(work);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup)) stop(to, work);
    run(to, "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(to);
    report("bootstrap_copy", start, file_size(work));
    sqlite3_close(from);
    remove_file(work);
}

static sqlite3_session *begin_session(sqlite3 *db) {
    sqlite3_session *session;
    if (sqlite3session_create(db, "main", &session)) stop(db, "session");
    if (sqlite3session_attach(session, "employer")) stop(db, "attach");
    return session;
}

static int abort_at_conflict(void *context, int kind, sqlite3_changeset_iter *change) {
    (void)context, (void)kind, (void)change;
    return SQLITE_CHANGESET_ABORT;
}

static void session(const char *plain, const char *work) {
    char other[600];
    snprintf(other, 600, "%s.other", work);
    copy_file(plain, work);
    sqlite3 *db = open_file(work);
    sqlite3_session *session = begin_session(db);
    make_edits(db);
    int size;
    void *delta;
    Moment start = now();
    if (sqlite3session_changeset(session, &size, &delta)) stop(db, "changeset");
    report("delta_session", start, size);
    size_t bound = ZSTD_compressBound(size);
    void *packed = malloc(bound);
    start = now();
    size_t packed_size = ZSTD_compress(packed, bound, delta, size, 3);
    report("delta_session_zstd", start, packed_size);
    sqlite3session_delete(session);
    sqlite3_close(db);

    copy_file(plain, other);
    sqlite3 *hub = open_file(other);
    start = now();
    if (sqlite3changeset_apply(hub, size, delta, 0, abort_at_conflict, 0)) stop(hub, "apply");
    report("merge_session", start, 0);
    sqlite3_close(hub);
    sqlite3_free(delta);

    remove_file(work);
    db = open_file(work);
    run(db, TABLE);
    session = begin_session(db);
    char sql[700];
    snprintf(sql, 700, "ATTACH '%s' AS plain;"
             "INSERT INTO main.employer SELECT * FROM plain.employer", plain);
    run(db, sql);
    remove_file(other);
    hub = open_file(other);
    run(hub, TABLE);
    start = now();
    if (sqlite3session_changeset(session, &size, &delta)) stop(db, "changeset");
    report("bootstrap_session_make", start, size);
    start = now();
    if (sqlite3changeset_apply(hub, size, delta, 0, abort_at_conflict, 0)) stop(hub, "apply");
    report("bootstrap_session_apply", start, file_size(other));
    sqlite3session_delete(session);
    sqlite3_close(db);
    sqlite3_close(hub);
    remove_file(work);
    remove_file(other);
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: floor make|merge|copy|session FOLDER [ROWS]\n");
        return 64;
    }
    char plain[500], work[500];
    snprintf(plain, 500, "%s/plain.sqlite", arguments[2]);
    snprintf(work, 500, "%s/floor.sqlite", arguments[2]);
    const char *what = arguments[1];
    if (!strcmp(what, "make")) {
        int rows = count > 3 ? atoi(arguments[3]) : 0;
        if (rows < 1000) stop(0, "fewer than 1000 rows");
        make(plain, rows);
        return 0;
    }
    read_edits(plain);
    if (!strcmp(what, "merge")) merge(plain, work);
    else if (!strcmp(what, "copy")) copy(plain, work);
    else if (!strcmp(what, "session")) session(plain, work);
    else stop(0, what);
    return 0;
}
