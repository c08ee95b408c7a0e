// A program that is built without Bazel: deletes the trees that it is told, as rm -r would.
#include "afio/path_handle.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"

#include <iostream>

int main(int argc, char** argv) {
  using namespace afio::algorithms;
  for (int i = 1; i < argc; ++i) {
    observer nobody;
    const auto name = afio::leaf_name::from(argv[i]);
    if (!name) return 2;
    const auto report = remove_tree(afio::path_handle::working_directory(), name.value(), argv[i],
                                    remove_options{}, nobody);
    if (!report) return 1;
    std::cout << argv[i] << ": " << report.assume_value().deleted << " deleted\n";
  }
}
