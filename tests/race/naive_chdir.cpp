// A control of the race tests: deletes a tree by going into each directory, and up again by "..".
// It never follows a symlink, but when its directory was moved it comes up in another place.
#include <cstring>
#include <string>
#include <vector>

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static std::vector<std::string> names() {
  std::vector<std::string> found;
  DIR* stream = opendir(".");
  while (const dirent* entry = stream ? readdir(stream) : nullptr) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
      found.emplace_back(entry->d_name);
    }
  }
  if (stream) closedir(stream);
  return found;
}

static void remove_tree(const std::string& name) {
  struct stat before, inside;
  if (lstat(name.c_str(), &before) != 0) return perror(name.c_str());
  if (S_ISDIR(before.st_mode)) {
    if (chdir(name.c_str()) != 0) return perror(name.c_str());
    const bool same = stat(".", &inside) == 0 && inside.st_ino == before.st_ino;
    for (const auto& child : same ? names() : std::vector<std::string>()) remove_tree(child);
    if (chdir("..") != 0) _exit(1);
  }
  if (remove(name.c_str()) != 0) perror(name.c_str());
}

int main(int, char** arguments) {
  const std::string root = arguments[1];
  const auto slash = root.rfind('/');
  if (chdir(root.substr(0, slash).c_str()) != 0) return 1;
  remove_tree(root.substr(slash + 1));
  struct stat found;
  return lstat(root.c_str(), &found) == 0 ? 1 : 0;
}
