// SPDX-License-Identifier: MIT
#include "support/fuzz_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mimeseal::test::read_header_and_check({reinterpret_cast<const char*>(data), size});
  return 0;
}
