// A control of the race tests: deletes a tree by paths, as many programs do. It looks whether a
// name is a directory and then trusts the name, so that a symlink put there meanwhile is followed.
#include <cstring>
#include <string>

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool remove_tree(const std::string& path);

static bool empty(const std::string& path) {
  DIR* stream = opendir(path.c_str());
  if (!stream) return false;
  bool done = true;
  while (const dirent* entry = readdir(stream)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    done = remove_tree(path + "/" + entry->d_name) && done;
  }
  closedir(stream);
  return done;
}

static bool remove_tree(const std::string& path) {
  struct stat found;
  if (lstat(path.c_str(), &found) != 0) return false;
  if (!S_ISDIR(found.st_mode)) return unlink(path.c_str()) == 0;
  return empty(path) && rmdir(path.c_str()) == 0;
}

int main(int, char** arguments) {
  if (remove_tree(arguments[1])) return 0;
  fputs("not all was removed\n", stderr);
  return 1;
}
