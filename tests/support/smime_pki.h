// SPDX-License-Identifier: MIT
#pragma once

// The keys that smime_keys.sh makes.

#include <filesystem>
#include <string>

namespace mimeseal::test {

/// The folder with the keys and certificates. Made once in the build folder and used by all tests, since making RSA
/// keys takes seconds and every test is a process of its own.
const std::filesystem::path& smime_pki();

/// A file in it, as a string.
std::string smime_file(const std::string& name);

}  // namespace mimeseal::test
