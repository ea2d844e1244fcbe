#ifndef CSIMULATIONVFS_H
#define CSIMULATIONVFS_H

#include <stdint.h>

/// A SQLite file system in memory, for simulated crashes and failing disks.
///
/// It becomes SQLite's default, and passes every path through to the former
/// default unless a folder in it begins with "fieldgrid-simulated": those
/// files live in memory, grouped into one device per folder. An empty file of
/// the same name marks each of them in the real file system, for programs
/// that look whether a database is there.
///
/// A device is used by one thread at a time; different devices by any.

/// Registers the file system; any number of calls count as one.
int fg_sim_register(void);

/// What `current time` is for statements that this thread runs on simulated
/// files, UTC milliseconds; 0 gives the real time.
void fg_sim_set_time(int64_t milliseconds);

/// Kinds of failure.
enum fg_sim_failure {
    FG_SIM_NONE = 0,
    /// The operation fails and changes nothing.
    FG_SIM_IO_ERROR = 1,
    /// A write finds no room; other operations succeed.
    FG_SIM_FULL = 2,
    /// Half of a write is done, the rest is not.
    FG_SIM_SHORT_WRITE = 3,
    /// A sync fails; what it should have made durable may be lost.
    FG_SIM_SYNC = 4,
    /// The power goes before the operation.
    FG_SIM_POWER = 5
};

/// Lets the operation `after` operations from now fail: 1 is the next one.
/// `count` operations in a row fail; a power cut lasts until
/// `fg_sim_crash`.
void fg_sim_fail(const char *folder, int64_t after, int64_t count, int kind);
/// Takes the failure back.
void fg_sim_heal(const char *folder);
/// Operations so far.
int64_t fg_sim_operations(const char *folder);
/// Failures that were delivered since the folder was made.
int64_t fg_sim_failures(const char *folder);
/// Un-synced sectors that a crash kept, dropped and tore, since the folder
/// was made.
void fg_sim_fates(const char *folder, int64_t *kept, int64_t *dropped, int64_t *torn);

/// A crash: handles that are open are dead, and what was not synced is
/// dropped (`chance` 0) or, sector by sector, kept, dropped or torn as
/// the generator seeded with `chance` decides.
void fg_sim_crash(const char *folder, uint64_t chance);

/// Copies a file as it stands, durably. Nonzero when it is not there.
int fg_sim_copy(const char *from, const char *to);
/// Removes one file. Nonzero when it is not there.
int fg_sim_remove(const char *path);
/// The bytes of a file; -1 when it is not there.
int64_t fg_sim_size(const char *path);
/// Forgets a folder and everything in it. Its handles must be closed.
void fg_sim_forget(const char *folder);

#endif
