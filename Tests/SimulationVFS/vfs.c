#include "CSimulationVFS.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Devices and files are found in two short lists under one lock; what a file
// holds is touched only by the thread that owns its device.

enum { SECTOR = 512, LOCKS = SQLITE_SHM_NLOCK };
static const char *const MARK = "/fieldgrid-simulated";

typedef struct Device {
    char *folder;
    int64_t operations, failures;
    int64_t fail_first, fail_last;
    int fail_kind;
    int is_off;
    int64_t fates[3];
    struct Device *next;
} Device;

// What dies with the power: locks and shared memory.
typedef struct Live {
    int references;
    int shared, reserved, pending, exclusive;
    char **regions;
    int region_count;
    int shm_shared[LOCKS], shm_exclusive[LOCKS];
} Live;

typedef struct File {
    char *path;
    Device *device;
    unsigned char *current, *durable, *dirty;
    int64_t size, capacity, durable_size;
    int size_is_dirty;
    int handles;
    int is_removed;
    Live *live;
    struct File *next;
} File;

typedef struct Handle {
    sqlite3_file base;
    File *file;
    Live *live;
    int lock;
    int deletes;
    uint16_t shm_shared, shm_exclusive;
} Handle;

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static Device *devices;
static File *files;
static sqlite3_vfs *real;
static _Thread_local int64_t thread_time;

// MARK: Memory that does not run out

static void *grown(void *memory, size_t size) {
    void *result = realloc(memory, size);
    if (!result) abort();
    return result;
}

static void *zeroed(size_t size) {
    void *result = calloc(1, size);
    if (!result) abort();
    return result;
}

// MARK: Devices and files

static int is_simulated(const char *path) { return path && strstr(path, MARK) != NULL; }

static Device *device_named(const char *folder, size_t length) {
    for (Device *d = devices; d; d = d->next)
        if (strlen(d->folder) == length && !memcmp(d->folder, folder, length)) return d;
    Device *d = zeroed(sizeof *d);
    d->folder = strndup(folder, length);
    d->next = devices;
    devices = d;
    return d;
}

static Device *device_of_folder(const char *folder) {
    pthread_mutex_lock(&table_lock);
    Device *d = device_named(folder, strlen(folder));
    pthread_mutex_unlock(&table_lock);
    return d;
}

static File *find(const char *path) {
    for (File *f = files; f; f = f->next)
        if (!f->is_removed && !strcmp(f->path, path)) return f;
    return NULL;
}

static void mark(const char *path) {
    int descriptor = open(path, O_CREAT | O_RDWR, 0600);
    if (descriptor >= 0) close(descriptor);
}

static File *make(const char *path) {
    const char *slash = strrchr(path, '/');
    File *f = zeroed(sizeof *f);
    f->path = strdup(path);
    f->device = device_named(path, (size_t)(slash - path));
    f->live = zeroed(sizeof *f->live);
    f->next = files;
    files = f;
    mark(path);
    return f;
}

static void release(Live *live) {
    if (live->references > 0) return;
    for (int i = 0; i < live->region_count; i++) free(live->regions[i]);
    free(live->regions);
    free(live);
}

// Called under the lock, when nobody can reach the file any more.
static void bury(File *file) {
    for (File **link = &files; *link; link = &(*link)->next) {
        if (*link != file) continue;
        *link = file->next;
        break;
    }
    release(file->live);
    free(file->current);
    free(file->durable);
    free(file->dirty);
    free(file->path);
    free(file);
}

static void unlink_file(File *file) {
    file->is_removed = 1;
    unlink(file->path);
    if (!file->handles) bury(file);
}

static void reserve(File *f, int64_t size) {
    if (size <= f->capacity) return;
    int64_t capacity = f->capacity ? f->capacity : 64 * SECTOR;
    while (capacity < size) capacity *= 2;
    f->current = grown(f->current, (size_t)capacity);
    f->durable = grown(f->durable, (size_t)capacity);
    f->dirty = grown(f->dirty, (size_t)(capacity / SECTOR));
    size_t added = (size_t)(capacity - f->capacity);
    memset(f->current + f->capacity, 0, added);
    memset(f->durable + f->capacity, 0, added);
    memset(f->dirty + f->capacity / SECTOR, 0, added / SECTOR);
    f->capacity = capacity;
}

static void put(File *f, const void *bytes, int64_t count, int64_t offset) {
    reserve(f, offset + count);
    memcpy(f->current + offset, bytes, (size_t)count);
    for (int64_t s = offset / SECTOR; s * SECTOR < offset + count; s++) f->dirty[s] = 1;
    if (offset + count > f->size) {
        f->size = offset + count;
        f->size_is_dirty = 1;
    }
}

static void make_durable(File *f) {
    for (int64_t s = 0; s < f->capacity / SECTOR; s++) {
        if (!f->dirty[s]) continue;
        memcpy(f->durable + s * SECTOR, f->current + s * SECTOR, SECTOR);
        f->dirty[s] = 0;
    }
    f->durable_size = f->size;
    f->size_is_dirty = 0;
}

// MARK: Failures

// What happens to the operation at hand; `kinds` has a bit for each kind that
// can befall it.
static int fate(Device *d, unsigned kinds) {
    if (d->is_off) return FG_SIM_POWER;
    d->operations++;
    if (!d->fail_kind || d->operations < d->fail_first) return FG_SIM_NONE;
    if (d->operations > d->fail_last && d->fail_kind != FG_SIM_POWER) return FG_SIM_NONE;
    if (d->fail_kind == FG_SIM_POWER) {
        d->is_off = 1;
        d->failures++;
        return FG_SIM_POWER;
    }
    if (!(kinds & (1u << d->fail_kind))) {
        // It waits for an operation that can fail so.
        if (d->fail_last == d->operations) d->fail_last++;
        return FG_SIM_NONE;
    }
    d->failures++;
    return d->fail_kind;
}

enum { ANY = 1u << FG_SIM_IO_ERROR,
       WRITES = ANY | 1u << FG_SIM_FULL | 1u << FG_SIM_SHORT_WRITE,
       SYNCS = ANY | 1u << FG_SIM_SYNC };

static int is_dead(Handle *h) { return h->live != h->file->live; }

// MARK: Handles

static int h_unlock(sqlite3_file *base, int level);
static int h_unmap(sqlite3_file *base, int removes);

static int h_close(sqlite3_file *base) {
    Handle *h = (Handle *)base;
    h_unlock(base, SQLITE_LOCK_NONE);
    h_unmap(base, 0);
    pthread_mutex_lock(&table_lock);
    File *f = h->file;
    Live *live = h->live;
    int current = live == f->live;
    if (--live->references == 0 && !current) release(live);
    f->handles--;
    if (h->deletes && current && !f->is_removed) {
        f->is_removed = 1;
        unlink(f->path);
    }
    if (f->is_removed && !f->handles) bury(f);
    pthread_mutex_unlock(&table_lock);
    return SQLITE_OK;
}

static int h_read(sqlite3_file *base, void *into, int count, sqlite3_int64 offset) {
    Handle *h = (Handle *)base;
    File *f = h->file;
    if (is_dead(h) || fate(f->device, ANY)) return SQLITE_IOERR_READ;
    int64_t there = f->size - offset;
    if (there >= count) {
        memcpy(into, f->current + offset, (size_t)count);
        return SQLITE_OK;
    }
    memset(into, 0, (size_t)count);
    if (there > 0) memcpy(into, f->current + offset, (size_t)there);
    return SQLITE_IOERR_SHORT_READ;
}

static int h_write(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset) {
    Handle *h = (Handle *)base;
    if (is_dead(h)) return SQLITE_IOERR_WRITE;
    switch (fate(h->file->device, WRITES)) {
    case FG_SIM_NONE: put(h->file, bytes, count, offset); return SQLITE_OK;
    case FG_SIM_FULL: return SQLITE_FULL;
    case FG_SIM_SHORT_WRITE: put(h->file, bytes, count / 2, offset); return SQLITE_FULL;
    default: return SQLITE_IOERR_WRITE;
    }
}

static int h_truncate(sqlite3_file *base, sqlite3_int64 size) {
    Handle *h = (Handle *)base;
    File *f = h->file;
    if (is_dead(h) || fate(f->device, ANY)) return SQLITE_IOERR_TRUNCATE;
    if (size < f->size) {
        memset(f->current + size, 0, (size_t)(f->size - size));
        for (int64_t s = size / SECTOR; s * SECTOR < f->size; s++) f->dirty[s] = 1;
        f->size = size;
        f->size_is_dirty = 1;
    } else if (size > f->size) {
        reserve(f, size);
        f->size = size;
        f->size_is_dirty = 1;
    }
    return SQLITE_OK;
}

static int h_sync(sqlite3_file *base, int flags) {
    (void)flags;
    Handle *h = (Handle *)base;
    if (is_dead(h) || fate(h->file->device, SYNCS)) return SQLITE_IOERR_FSYNC;
    make_durable(h->file);
    return SQLITE_OK;
}

static int h_size(sqlite3_file *base, sqlite3_int64 *size) {
    Handle *h = (Handle *)base;
    if (is_dead(h)) return SQLITE_IOERR_FSTAT;
    *size = h->file->size;
    return SQLITE_OK;
}

static int h_lock(sqlite3_file *base, int level) {
    Handle *h = (Handle *)base;
    if (is_dead(h)) return SQLITE_IOERR_LOCK;
    Live *l = h->live;
    if (h->lock >= level) return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        if (l->pending || l->exclusive) return SQLITE_BUSY;
        l->shared++;
        h->lock = SQLITE_LOCK_SHARED;
        return SQLITE_OK;
    }
    if (level == SQLITE_LOCK_RESERVED) {
        if (l->reserved) return SQLITE_BUSY;
        l->reserved = 1;
        h->lock = SQLITE_LOCK_RESERVED;
        return SQLITE_OK;
    }
    if (l->exclusive || (l->pending && h->lock < SQLITE_LOCK_PENDING) ||
        (l->reserved && h->lock < SQLITE_LOCK_RESERVED))
        return SQLITE_BUSY;
    l->reserved = l->pending = 1;
    h->lock = SQLITE_LOCK_PENDING;
    if (l->shared > 1) return SQLITE_BUSY;
    l->exclusive = 1;
    h->lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

static int h_unlock(sqlite3_file *base, int level) {
    Handle *h = (Handle *)base;
    Live *l = h->live;
    if (h->lock <= level) return SQLITE_OK;
    if (h->lock >= SQLITE_LOCK_EXCLUSIVE) l->exclusive = 0;
    if (h->lock >= SQLITE_LOCK_PENDING) l->pending = 0;
    if (h->lock >= SQLITE_LOCK_RESERVED) l->reserved = 0;
    if (level < SQLITE_LOCK_SHARED && h->lock >= SQLITE_LOCK_SHARED) l->shared--;
    h->lock = level;
    return SQLITE_OK;
}

static int h_reserved(sqlite3_file *base, int *result) {
    *result = ((Handle *)base)->live->reserved;
    return SQLITE_OK;
}

static int h_control(sqlite3_file *base, int op, void *arg) {
    (void)base, (void)op, (void)arg;
    return SQLITE_NOTFOUND;
}

static int h_sector(sqlite3_file *base) {
    (void)base;
    return 4096;
}

static int h_traits(sqlite3_file *base) {
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// MARK: Shared memory of the log's index

static int h_map(sqlite3_file *base, int region, int size, int extend, void volatile **into) {
    Handle *h = (Handle *)base;
    *into = NULL;
    if (is_dead(h)) return SQLITE_IOERR_SHMMAP;
    Live *l = h->live;
    if (region >= l->region_count) {
        if (!extend) return SQLITE_OK;
        if (fate(h->file->device, ANY)) return SQLITE_IOERR_SHMMAP;
        l->regions = grown(l->regions, sizeof *l->regions * (size_t)(region + 1));
        while (l->region_count <= region) l->regions[l->region_count++] = zeroed((size_t)size);
    }
    *into = l->regions[region];
    return SQLITE_OK;
}

static int h_shm_lock(sqlite3_file *base, int first, int count, int flags) {
    Handle *h = (Handle *)base;
    Live *l = h->live;
    int exclusive = flags & SQLITE_SHM_EXCLUSIVE;
    if (flags & SQLITE_SHM_UNLOCK) {
        for (int i = first; i < first + count; i++) {
            if (exclusive && (h->shm_exclusive >> i & 1)) l->shm_exclusive[i] = 0;
            if (!exclusive && (h->shm_shared >> i & 1)) l->shm_shared[i]--;
            if (exclusive) h->shm_exclusive &= (uint16_t)~(1u << i);
            else h->shm_shared &= (uint16_t)~(1u << i);
        }
        return SQLITE_OK;
    }
    if (is_dead(h)) return SQLITE_IOERR_SHMLOCK;
    for (int i = first; i < first + count; i++) {
        int others = l->shm_shared[i] - (h->shm_shared >> i & 1);
        if (exclusive && (h->shm_exclusive >> i & 1)) continue;
        if (l->shm_exclusive[i] || (exclusive && others > 0)) return SQLITE_BUSY;
    }
    for (int i = first; i < first + count; i++) {
        if (exclusive) {
            l->shm_exclusive[i] = 1;
            h->shm_exclusive |= (uint16_t)(1u << i);
        } else if (!(h->shm_shared >> i & 1)) {
            l->shm_shared[i]++;
            h->shm_shared |= (uint16_t)(1u << i);
        }
    }
    return SQLITE_OK;
}

static void h_barrier(sqlite3_file *base) {
    (void)base;
    __sync_synchronize();
}

static int h_unmap(sqlite3_file *base, int removes) {
    Handle *h = (Handle *)base;
    Live *l = h->live;
    for (int i = 0; i < LOCKS; i++) {
        if (h->shm_shared >> i & 1) l->shm_shared[i]--;
        if (h->shm_exclusive >> i & 1) l->shm_exclusive[i] = 0;
    }
    h->shm_shared = h->shm_exclusive = 0;
    if (removes && !is_dead(h)) {
        for (int i = 0; i < l->region_count; i++) free(l->regions[i]);
        free(l->regions);
        l->regions = NULL;
        l->region_count = 0;
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    2, h_close, h_read, h_write, h_truncate, h_sync, h_size, h_lock, h_unlock, h_reserved,
    h_control, h_sector, h_traits, h_map, h_shm_lock, h_barrier, h_unmap, NULL, NULL};

// MARK: The file system

static int v_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *flags_out) {
    (void)vfs;
    if (!is_simulated(path)) return real->xOpen(real, path, base, flags, flags_out);
    Handle *h = (Handle *)base;
    memset(h, 0, sizeof *h);
    pthread_mutex_lock(&table_lock);
    File *f = find(path);
    int result = SQLITE_OK;
    const char *slash = strrchr(path, '/');
    Device *d = f ? f->device : device_named(path, (size_t)(slash - path));
    if (fate(d, ANY) || (!f && !(flags & SQLITE_OPEN_CREATE))) {
        result = SQLITE_CANTOPEN;
    } else {
        if (!f) f = make(path);
        h->file = f;
        h->live = f->live;
        h->live->references++;
        h->deletes = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
        f->handles++;
        h->base.pMethods = &methods;
        if (flags_out) *flags_out = flags;
    }
    pthread_mutex_unlock(&table_lock);
    return result;
}

static int v_delete(sqlite3_vfs *vfs, const char *path, int sync) {
    (void)vfs;
    if (!is_simulated(path)) return real->xDelete(real, path, sync);
    pthread_mutex_lock(&table_lock);
    File *f = find(path);
    int result = SQLITE_OK;
    if (!f) result = SQLITE_IOERR_DELETE_NOENT;
    else if (fate(f->device, ANY)) result = SQLITE_IOERR_DELETE;
    else unlink_file(f);
    pthread_mutex_unlock(&table_lock);
    return result;
}

static int v_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    (void)vfs;
    if (!is_simulated(path)) return real->xAccess(real, path, flags, result);
    pthread_mutex_lock(&table_lock);
    File *f = find(path);
    *result = f && (flags != SQLITE_ACCESS_EXISTS || f->size > 0);
    pthread_mutex_unlock(&table_lock);
    return SQLITE_OK;
}

static int v_full_path(sqlite3_vfs *vfs, const char *path, int count, char *into) {
    (void)vfs;
    if (!is_simulated(path)) return real->xFullPathname(real, path, count, into);
    sqlite3_snprintf(count, into, "%s", path);
    return SQLITE_OK;
}

static int v_randomness(sqlite3_vfs *vfs, int count, char *into) {
    (void)vfs;
    return real->xRandomness(real, count, into);
}

static int v_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return real->xSleep(real, microseconds);
}

static int v_time64(sqlite3_vfs *vfs, sqlite3_int64 *into) {
    (void)vfs;
    if (!thread_time) return real->xCurrentTimeInt64(real, into);
    // Julian milliseconds: 1970 began at 2440587.5 days.
    *into = thread_time + 210866760000000LL;
    return SQLITE_OK;
}

static int v_time(sqlite3_vfs *vfs, double *into) {
    sqlite3_int64 milliseconds;
    int result = v_time64(vfs, &milliseconds);
    *into = (double)milliseconds / 86400000.0;
    return result;
}

static int v_error(sqlite3_vfs *vfs, int count, char *into) {
    (void)vfs;
    return real->xGetLastError(real, count, into);
}

static sqlite3_vfs shim;
static int registration;

static void do_register(void) {
    real = sqlite3_vfs_find(NULL);
    if (!real) {
        registration = SQLITE_ERROR;
        return;
    }
    shim = *real;
    shim.pNext = NULL;
    shim.zName = "fieldgrid-simulation";
    if (shim.szOsFile < (int)sizeof(Handle)) shim.szOsFile = (int)sizeof(Handle);
    shim.xOpen = v_open;
    shim.xDelete = v_delete;
    shim.xAccess = v_access;
    shim.xFullPathname = v_full_path;
    shim.xRandomness = v_randomness;
    shim.xSleep = v_sleep;
    shim.xCurrentTime = v_time;
    shim.xCurrentTimeInt64 = v_time64;
    shim.xGetLastError = v_error;
    registration = sqlite3_vfs_register(&shim, 1);
}

int fg_sim_register(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, do_register);
    return registration;
}

void fg_sim_set_time(int64_t milliseconds) { thread_time = milliseconds; }

// MARK: What simulations ask for

void fg_sim_fail(const char *folder, int64_t after, int64_t count, int kind) {
    Device *d = device_of_folder(folder);
    d->fail_first = d->operations + after;
    d->fail_last = d->fail_first + count - 1;
    d->fail_kind = kind;
}

void fg_sim_heal(const char *folder) { device_of_folder(folder)->fail_kind = FG_SIM_NONE; }

int64_t fg_sim_operations(const char *folder) { return device_of_folder(folder)->operations; }

int64_t fg_sim_failures(const char *folder) { return device_of_folder(folder)->failures; }

void fg_sim_fates(const char *folder, int64_t *kept, int64_t *dropped, int64_t *torn) {
    Device *d = device_of_folder(folder);
    *kept = d->fates[0];
    *dropped = d->fates[1];
    *torn = d->fates[2];
}

static uint64_t draw(uint64_t *state) {
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static void lose_power(File *f, uint64_t chance) {
    uint64_t state = chance;
    int64_t reach = f->durable_size;
    for (int64_t s = 0; s < f->capacity / SECTOR; s++) {
        if (!f->dirty[s]) continue;
        f->dirty[s] = 0;
        unsigned char *now = f->current + s * SECTOR, *then = f->durable + s * SECTOR;
        uint64_t choice = chance ? draw(&state) % 3 : 1;
        if (choice == 0) {
            memcpy(then, now, SECTOR);
        } else if (choice == 2) {
            memcpy(then, now, (size_t)(1 + draw(&state) % (SECTOR - 1)));
        }
        f->device->fates[choice]++;
        int64_t end = (s + 1) * SECTOR < f->size ? (s + 1) * SECTOR : f->size;
        if (choice != 1 && end > reach) reach = end;
    }
    if (f->size < f->durable_size && chance && draw(&state) % 2) reach = f->size;
    memcpy(f->current, f->durable, (size_t)f->capacity);
    memset(f->current + reach, 0, (size_t)(f->capacity - reach));
    memcpy(f->durable, f->current, (size_t)f->capacity);
    f->size = f->durable_size = reach;
    f->size_is_dirty = 0;
}

// Each file draws from its name, so that the order of the list decides nothing.
static uint64_t chance_of(const File *f, uint64_t chance) {
    if (!chance) return 0;
    const char *name = strrchr(f->path, '/');
    for (; *name; name++) chance = (chance ^ (unsigned char)*name) * 0x100000001b3u;
    return chance ? chance : 1;
}

void fg_sim_crash(const char *folder, uint64_t chance) {
    pthread_mutex_lock(&table_lock);
    Device *d = device_named(folder, strlen(folder));
    d->fail_kind = FG_SIM_NONE;
    d->is_off = 0;
    for (File *f = files; f; f = f->next) {
        if (f->device != d || f->is_removed) continue;
        lose_power(f, chance_of(f, chance));
        Live *old = f->live;
        f->live = zeroed(sizeof *f->live);
        release(old);
    }
    pthread_mutex_unlock(&table_lock);
}

int fg_sim_copy(const char *from, const char *to) {
    pthread_mutex_lock(&table_lock);
    File *source = find(from);
    if (source) {
        File *old = find(to);
        if (old) unlink_file(old);
        File *copy = make(to);
        if (source->size) put(copy, source->current, source->size, 0);
        make_durable(copy);
    }
    pthread_mutex_unlock(&table_lock);
    return source ? 0 : 1;
}

int fg_sim_remove(const char *path) {
    pthread_mutex_lock(&table_lock);
    File *f = find(path);
    if (f) unlink_file(f);
    pthread_mutex_unlock(&table_lock);
    return f ? 0 : 1;
}

int64_t fg_sim_size(const char *path) {
    pthread_mutex_lock(&table_lock);
    File *f = find(path);
    int64_t size = f ? f->size : -1;
    pthread_mutex_unlock(&table_lock);
    return size;
}

void fg_sim_forget(const char *folder) {
    pthread_mutex_lock(&table_lock);
    size_t length = strlen(folder);
    File *next;
    for (File *f = files; f; f = next) {
        next = f->next;
        if (strlen(f->device->folder) == length && !strcmp(f->device->folder, folder))
            unlink_file(f);
    }
    for (Device **link = &devices; *link; link = &(*link)->next) {
        Device *d = *link;
        int used = 0;
        for (File *f = files; f; f = f->next) used |= f->device == d;
        if (strcmp(d->folder, folder) || used) continue;
        *link = d->next;
        free(d->folder);
        free(d);
        break;
    }
    pthread_mutex_unlock(&table_lock);
}
