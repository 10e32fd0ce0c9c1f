// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/aws/context.h"

namespace mimeseal::aws {

/// The members of one section. Indented lines below "name =" are members "name.inner". Values are cleansed when they
/// go: some are keys.
class Section {
 public:
  Section() = default;
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  Section(Section&&) noexcept = default;
  Section& operator=(Section&&) noexcept = default;
  ~Section();

  void set(std::string name, std::string value);
  /// Null when it is not there, or empty.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] std::string get(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> members_;
};

/// Takes one of the two files apart: "[NAME]" sections; "#" and ";" lines are comments. Lines that are neither are
/// passed over, as AWS's tools do. Throws Error(limit) past 1 MiB.
std::map<std::string, Section, std::less<>> parse_sections(std::string_view text);

/// ~/.aws/config and ~/.aws/credentials, or where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say. Read once; a
/// file that is not there is empty.
class SharedFiles {
 public:
  explicit SharedFiles(const Context& context);

  /// The profile in use: the one named explicitly, else AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default".
  [[nodiscard]] const std::string& profile() const noexcept { return profile_; }
  /// A person named it: it is an error when it is not there.
  [[nodiscard]] bool was_named() const noexcept { return was_named_; }
  [[nodiscard]] bool has(std::string_view profile) const;
  /// Its section of the config file, of the credentials file; null when there is none.
  [[nodiscard]] const Section* config(std::string_view profile) const;
  [[nodiscard]] const Section* credentials(std::string_view profile) const;
  [[nodiscard]] const Section* sso_session(std::string_view name) const;
  /// A member of the profile in use: of the config file, else of the credentials file.
  [[nodiscard]] std::string setting(std::string_view name) const;
  /// The endpoint that the profile names: its [services] section's for `service` ("sesv2"), else its own.
  [[nodiscard]] std::string endpoint(std::string_view service) const;
  /// $HOME, or empty.
  [[nodiscard]] const std::string& home() const noexcept { return home_; }
  [[nodiscard]] const std::string& config_path() const noexcept { return config_path_; }
  [[nodiscard]] const std::string& credentials_path() const noexcept { return credentials_path_; }

 private:
  using Sections = std::map<std::string, Section, std::less<>>;
  static const Section* find_in(const Sections& sections, std::string_view name);

  std::string home_;
  std::string config_path_;
  std::string credentials_path_;
  std::string profile_;
  bool was_named_ = false;
  Sections config_;
  Sections credentials_;
};

/// The path with a leading "~/" replaced.
std::string expand_home(std::string_view path, const std::string& home);
/// A small file; nothing when it cannot be read or is larger than 1 MiB.
std::optional<std::string> read_small_file(const std::string& path);

}  // namespace mimeseal::aws
