// SPDX-License-Identifier: MIT
#pragma once

// The keys that smime_keys.sh makes.

#include <filesystem>
#include <functional>
#include <string>

namespace mimeseal::test {

/// The folder with the keys and certificates. Made once in the build folder and used by all tests, since making RSA
/// keys takes seconds and every test is a process of its own.
const std::filesystem::path& smime_pki();

/// A file in it, as a string.
std::string smime_file(const std::string& name);

/// gpgsm 2.2 cannot read about one PKCS #12 file in sixty, by its salts: gives `import` fresh ones with rsa's key
/// (passphrase "secret"), at most five, until it says yes.
bool import_rsa_key(const std::function<bool(const std::string& path)>& import);

}  // namespace mimeseal::test
