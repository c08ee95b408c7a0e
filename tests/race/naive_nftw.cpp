// A control of the race tests: deletes a tree with nftw, the usual recipe. FTW_PHYS keeps it from
// following the symlinks that it sees, not those that it doesn't.
#include <ftw.h>
#include <stdio.h>

static int remove_entry(const char* path, const struct stat*, int, FTW*) {
  if (remove(path) != 0) perror(path);
  return 0;
}

int main(int, char** arguments) {
  if (nftw(arguments[1], remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) perror(arguments[1]);
  struct stat found;
  return lstat(arguments[1], &found) == 0 ? 1 : 0;
}
