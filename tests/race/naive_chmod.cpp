// A control of the race tests: makes each file writable before it removes it, by its path. What it
// makes writable is whatever the path leads to by then.
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static int remove_entry(const char* path, const struct stat* found, int, FTW*) {
  if (S_ISREG(found->st_mode) && chmod(path, found->st_mode | S_IWUSR | S_IXOTH) != 0) perror(path);
  if (remove(path) != 0) perror(path);
  return 0;
}

int main(int, char** arguments) {
  if (nftw(arguments[1], remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) perror(arguments[1]);
  struct stat found;
  return lstat(arguments[1], &found) == 0 ? 1 : 0;
}
