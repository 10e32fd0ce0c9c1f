// SPDX-License-Identifier: MIT
// An exception that crosses the library's border keeps its type, and functions are found by the linker.
#include <mimeseal/core/error.h>

#include <iostream>

int main() {
  try {
    throw mimeseal::Error(mimeseal::Errc::no_input, "cannot open", "letter.eml");
  } catch (const mimeseal::Error& error) {
    std::cout << mimeseal::to_string(error.code()) << ": " << error.what() << ": " << error.where() << '\n';
    return mimeseal::exit_code(error.code()) == 66 ? 0 : 1;
  }
}
