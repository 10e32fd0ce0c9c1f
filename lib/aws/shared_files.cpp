// SPDX-License-Identifier: MIT
#include "aws/shared_files.h"

#include "mimeseal/core/error.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::uint64_t kMaxFile = 1U << 20U;

/// "[profile mail]" names "mail" in the config file; blanks and quotes do not count.
std::string header_name(std::string_view line) {
  const std::size_t end = line.find(']');
  if (!line.starts_with('[') || end == std::string_view::npos) return {};
  std::string name;
  for (const std::string& word : split(line.substr(1, end - 1), ' ')) {
    std::string_view text = trim(word);
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
      text = text.substr(1, text.size() - 2);
    if (text.empty()) continue;
    if (!name.empty()) name += ' ';
    name += text;
  }
  return name;
}

/// A comment may follow a value behind a blank.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i)
    if ((value[i] == '#' || value[i] == ';') && (value[i - 1] == ' ' || value[i - 1] == '\t'))
      return trim(value.substr(0, i));
  return trim(value);
}

}  // namespace

Section::~Section() {
  for (auto& [name, value] : members_)
    cleanse(value);
}

void Section::set(std::string name, std::string value) {
  members_.insert_or_assign(std::move(name), std::move(value));
}

const std::string* Section::find(std::string_view name) const {
  const auto found = members_.find(name);
  return found == members_.end() || found->second.empty() ? nullptr : &found->second;
}

std::string Section::get(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string() : *value;
}

std::map<std::string, Section, std::less<>> parse_sections(std::string_view text) {
  if (text.size() > kMaxFile) throw Error(Errc::limit, "larger than 1 MiB");
  std::map<std::string, Section, std::less<>> sections;
  Section* section = nullptr;
  std::string outer;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (content.front() == '[' && !indented) {
      const std::string name = header_name(content);
      section = name.empty() ? nullptr : &sections[name];
      outer.clear();
      continue;
    }
    const std::size_t equals = content.find('=');
    if (section == nullptr || equals == std::string_view::npos) continue;
    std::string name = ascii_lower(trim(content.substr(0, equals)));
    std::string value(without_comment(content.substr(equals + 1)));
    if (indented && !outer.empty()) {
      name = outer + "." + name;
    } else {
      outer = value.empty() ? name : std::string();
    }
    section->set(std::move(name), std::move(value));
  }
  return sections;
}

std::string expand_home(std::string_view path, const std::string& home) {
  if (path.starts_with("~/") && !home.empty()) return home + std::string(path.substr(1));
  return std::string(path);
}

std::optional<std::string> read_small_file(const std::string& path) {
  try {
    const InputPtr input = file_input(path);
    if (input->size() > kMaxFile) return std::nullopt;
    return read_range(*input, 0, input->size(), kMaxFile);
  } catch (const Error&) {
    return std::nullopt;
  }
}

SharedFiles::SharedFiles(const Context& context) {
  const auto variable = [&](const char* name) { return context.environment(name).value_or(""); };
  home_ = variable("HOME");
  const auto place = [&](const char* name, const char* standard) {
    const std::string named = variable(name);
    if (!named.empty()) return expand_home(named, home_);
    return home_.empty() ? std::string() : home_ + standard;
  };
  config_path_ = place("AWS_CONFIG_FILE", "/.aws/config");
  credentials_path_ = place("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  profile_ = context.profile;
  if (profile_.empty()) profile_ = variable("AWS_PROFILE");
  if (profile_.empty()) profile_ = variable("AWS_DEFAULT_PROFILE");
  was_named_ = !profile_.empty();
  if (profile_.empty()) profile_ = "default";
  const auto load = [](const std::string& path, Sections& into) {
    auto text = path.empty() ? std::nullopt : read_small_file(path);
    if (!text) return;
    into = parse_sections(*text);
    cleanse(*text);
  };
  load(config_path_, config_);
  load(credentials_path_, credentials_);
}

const Section* SharedFiles::find_in(const Sections& sections, std::string_view name) {
  const auto found = sections.find(name);
  return found == sections.end() ? nullptr : &found->second;
}

bool SharedFiles::has(std::string_view profile) const {
  return config(profile) != nullptr || credentials(profile) != nullptr;
}

const Section* SharedFiles::config(std::string_view profile) const {
  if (const Section* named = find_in(config_, "profile " + std::string(profile))) return named;
  return profile == "default" ? find_in(config_, "default") : nullptr;
}

const Section* SharedFiles::credentials(std::string_view profile) const {
  return find_in(credentials_, profile);
}

const Section* SharedFiles::sso_session(std::string_view name) const {
  return find_in(config_, "sso-session " + std::string(name));
}

std::string SharedFiles::setting(std::string_view name) const {
  for (const Section* section : {config(profile_), credentials(profile_)})
    if (section != nullptr && section->find(name) != nullptr) return section->get(name);
  return {};
}

std::string SharedFiles::endpoint(std::string_view service) const {
  const std::string services = setting("services");
  if (!services.empty()) {
    const Section* section = find_in(config_, "services " + services);
    const std::string* named = section == nullptr ? nullptr : section->find(std::string(service) + ".endpoint_url");
    if (named != nullptr) return *named;
  }
  return setting("endpoint_url");
}

}  // namespace mimeseal::aws
