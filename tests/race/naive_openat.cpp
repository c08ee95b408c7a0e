// A control of the race tests: deletes a tree relative to open directories and follows no symlink,
// which is nearly right. It takes whatever directory it opens for the one that it saw, and waits
// for a writer when it opens a fifo.
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_tree(int parent, const char* name);

static void empty(int directory) {
  DIR* stream = fdopendir(directory);
  if (!stream) return perror("fdopendir");
  while (const dirent* entry = readdir(stream)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
      remove_tree(directory, entry->d_name);
    }
  }
  closedir(stream);
}

static void remove_tree(int parent, const char* name) {
  struct stat found;
  if (fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return perror(name);
  if (S_ISDIR(found.st_mode)) {
    const int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return perror(name);
    empty(fd);
  }
  if (unlinkat(parent, name, S_ISDIR(found.st_mode) ? AT_REMOVEDIR : 0) != 0) perror(name);
}

int main(int, char** arguments) {
  remove_tree(AT_FDCWD, arguments[1]);
  struct stat found;
  return lstat(arguments[1], &found) == 0 ? 1 : 0;
}
