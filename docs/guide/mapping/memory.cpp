#include "algorithms/mapping/file_memory_resource.hpp"
#include "algorithms/mapping/relative_ptr.hpp"

#include <iostream>
#include <map>
#include <string>

using afio::algorithms::file_memory_resource;
using afio::algorithms::relative_ptr;

struct note {
  relative_ptr<note> next; // Means the same wherever the file is mapped.
  int number;
};

std::unique_ptr<file_memory_resource> open() {
  return file_memory_resource::open(afio::file_handle::file(afio::path_handle::working_directory(),
                                                            afio::leaf_name::from("notes").value(),
                                                            {.mode = afio::mode::write,
                                                             .creation = afio::creation::if_needed})
                                        .value())
      .value();
}

int main() {
  {
    const auto memory = open();
    note* last = nullptr;
    for (int i = 1; i <= 3; ++i)
      last = new (memory->try_allocate(sizeof(note)).value()) note{last, i};
    memory->set_root(last);

    // Containers of std::pmr live as long as the resource is open.
    std::pmr::map<int, std::pmr::string> names(memory.get());
    names.emplace(1, "one, in a file, in a map");
  }
  const auto memory = open();
  for (const note* one = memory->root<note>(); one != nullptr; one = one->next.get())
    std::cout << one->number << ' ';
  std::cout << "and " << memory->census().value().used << " bytes in use\n";
}
