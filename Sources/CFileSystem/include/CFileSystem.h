/// System calls that Swift's Glibc module does not show.
#ifndef CFILESYSTEM_H
#define CFILESYSTEM_H

/// Exchanges the names of two files or folders in one step (`renameat2` with RENAME_EXCHANGE). Returns 0, or -1 with
/// errno set: ENOSYS or EINVAL where the kernel or the file system cannot do it, ENOENT where one of them is missing.
int exchange_paths(const char *_Nonnull first, const char *_Nonnull second);

#endif
